package seal

import (
	"errors"
	"strings"
)

const (
	labelMessage   = "sojourn authorization message v1"
	messageContext = "sojourn/authorization-message/1\x00"
	messageVersion = 1
	messageHeader  = 3 // version, flags, generation

	// maxMessage keeps an answer's header within what common proxies pass on.
	maxMessage = 3072
)

// SealMessage seals a text for those who may read it in account, in base64url.
// It returns "" for a text that would take more than 3,072 characters.
func (k *Keyring) SealMessage(account string, text []byte) string {
	r := k.ring.Load()
	header := []byte{messageVersion, 0, r.current}
	if short := deflate(text); len(short) < len(text) {
		text, header[1] = short, flagDeflated
	}
	nonce := newNonce()
	box := newXAES(derive(r.roots[r.current], nil, labelMessage)).seal(append(header, nonce...), nonce, text, messageAD(header, account))
	if tokenEncoding.EncodedLen(len(box)) > maxMessage {
		return ""
	}
	return tokenEncoding.EncodeToString(box)
}

// OpenMessage opens what SealMessage sealed for the same account. The error is
// for the log: it tells a stranger nothing that he may not know.
func (k *Keyring) OpenMessage(account, message string) ([]byte, error) {
	const start = messageHeader + nonceSize
	if len(message) > maxMessage || strings.ContainsAny(message, "\r\n") { // as for tokens
		return nil, errors.New("not of the form of an authorization message")
	}
	raw, err := tokenEncoding.DecodeString(message)
	if err != nil || len(raw) <= start+tagSize || raw[0] != messageVersion || raw[1]&^flagDeflated != 0 {
		return nil, errors.New("not of the form of an authorization message")
	}
	root, ok := k.ring.Load().roots[raw[2]]
	if !ok {
		return nil, errors.New("an authorization message of a root key that is not accepted")
	}
	header, nonce := raw[:messageHeader], raw[messageHeader:start]
	text, err := newXAES(derive(root, nil, labelMessage)).open(nil, nonce, raw[start:], messageAD(header, account))
	if err != nil {
		return nil, errors.New("an authorization message that was not sealed here, or not for this account")
	}
	if raw[1]&flagDeflated != 0 {
		return inflate(text)
	}
	return text, nil
}

func messageAD(header []byte, account string) []byte {
	b := append([]byte(messageContext), header[:messageHeader]...)
	return append(b, account...)
}
