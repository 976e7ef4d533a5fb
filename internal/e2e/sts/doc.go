// Package sts holds each documented rule and error of STS against a real SDK:
// aws-sdk-go-v2 over TLS with a server on loopback, code, HTTP status and text
// compared. It has tests only, so that nothing of the SDK reaches a binary.
package sts
