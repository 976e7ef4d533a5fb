package gitproto

import (
	"sort"

	"sojourn/internal/pktline"
	"sojourn/internal/store"
)

// uploadCaps are git upload-pack's, with its configuration as gitexec fixes it.
const uploadCaps = "multi_ack thin-pack side-band side-band-64k ofs-delta shallow deepen-since deepen-not deepen-relative " +
	"no-progress include-tag multi_ack_detailed allow-tip-sha1-in-want allow-reachable-sha1-in-want no-done filter " +
	"object-format=sha1 " + agent

// receiveCaps are what ReadPush and AppendReport understand.
const receiveCaps = "report-status report-status-v2 delete-refs side-band-64k quiet atomic ofs-delta push-options " +
	"object-format=sha1 " + agent

// V2Advert is the whole answer to info/refs in version 2: what can be asked, no refs.
func V2Advert() []byte {
	var b []byte
	for _, line := range []string{"version 2\n", agent + "\n", "ls-refs=unborn\n", "fetch=shallow wait-for-done filter\n",
		"server-option\n", "object-format=sha1\n"} {
		b = pktline.Append(b, line)
	}
	return append(b, pktline.FlushPacket...)
}

// UploadAdvert is the answer to info/refs?service=git-upload-pack in version 0
// or 1. Refs are in order of their names; head is the name of the default
// branch, "" for none.
func UploadAdvert(version int, refs []store.Ref, head string) []byte {
	b := begin(UploadPack, 64+len(uploadCaps)+100*len(refs))
	if version == 1 {
		b = pktline.Append(b, "version 1\n")
	}
	caps := uploadCaps
	if at, ok := find(refs, head); ok {
		caps += " symref=HEAD:" + head
		b = appendFirst(b, at.OID, "HEAD", &caps)
	}
	for i := range refs {
		b = appendFirst(b, refs[i].OID, refs[i].Name, &caps)
		if refs[i].Peeled != "" {
			b = pktline.Append(b, refs[i].Peeled, " ", refs[i].Name, "^{}\n")
		}
	}
	return end(b, caps)
}

// ReceiveAdvert is the answer to info/refs?service=git-receive-pack, which has no version 2.
func ReceiveAdvert(version int, refs []store.Ref) []byte {
	b := begin(ReceivePack, 64+len(receiveCaps)+80*len(refs))
	if version == 1 {
		b = pktline.Append(b, "version 1\n")
	}
	caps := receiveCaps
	for i := range refs {
		b = appendFirst(b, refs[i].OID, refs[i].Name, &caps)
	}
	return end(b, caps)
}

func begin(s Service, size int) []byte {
	b := pktline.Append(make([]byte, 0, size), "# service=", string(s), "\n")
	return append(b, pktline.FlushPacket...)
}

// appendFirst appends a ref; the first one carries the capabilities.
func appendFirst(b []byte, oid, name string, caps *string) []byte {
	if *caps == "" {
		return pktline.Append(b, oid, " ", name, "\n")
	}
	b = pktline.Append(b, oid, " ", name, "\x00", *caps, "\n")
	*caps = ""
	return b
}

// end carries the capabilities of a repository without refs.
func end(b []byte, caps string) []byte {
	if caps != "" {
		b = appendFirst(b, ZeroOID, "capabilities^{}", &caps)
	}
	return append(b, pktline.FlushPacket...)
}

// find looks a name up in sorted refs.
func find(refs []store.Ref, name string) (store.Ref, bool) {
	i := sort.Search(len(refs), func(i int) bool { return refs[i].Name >= name })
	if i < len(refs) && refs[i].Name == name {
		return refs[i], true
	}
	return store.Ref{}, false
}
