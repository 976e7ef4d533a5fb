package sts

import (
	"testing"
	"unsafe"
)

// What a memory keeps as a key is no part of a request's text.
func TestKeysAreOwn(t *testing.T) {
	text := "a request's text"
	key := roleName{account: text[:1], name: text[2:9]}
	own := key.Own()
	if own != key {
		t.Fatalf("it is %v, want %v", own, key)
	}
	for name, part := range map[string]string{"account": own.account, "name": own.name} {
		if at := uintptr(unsafe.Pointer(unsafe.StringData(part))) - uintptr(unsafe.Pointer(unsafe.StringData(text))); at < uintptr(len(text)) {
			t.Errorf("%s is a part of the request's text", name)
		}
	}
}
