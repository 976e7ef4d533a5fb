package metadataserver

import "syscall"

func setIPv4(fd uintptr, n int) error {
	return syscall.SetsockoptInt(syscall.Handle(fd), syscall.IPPROTO_IP, syscall.IP_TTL, n)
}

func setIPv6(fd uintptr, n int) error {
	return syscall.SetsockoptInt(syscall.Handle(fd), syscall.IPPROTO_IPV6, syscall.IPV6_UNICAST_HOPS, n)
}
