package git

import (
	"testing"
	"unsafe"
)

// What a memory keeps as a key is no part of a request's text.
func TestKeysAreOwn(t *testing.T) {
	text := "a request's text"
	key := address{id: text[:1], account: text[2:9], region: text[9:11], name: text[12:]}
	own := key.Own()
	if own != key {
		t.Fatalf("it is %v, want %v", own, key)
	}
	for name, part := range map[string]string{"id": own.id, "account": own.account, "region": own.region, "name": own.name} {
		if at := uintptr(unsafe.Pointer(unsafe.StringData(part))) - uintptr(unsafe.Pointer(unsafe.StringData(text))); at < uintptr(len(text)) {
			t.Errorf("%s is a part of the request's text", name)
		}
	}
}
