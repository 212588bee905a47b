package persistence

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
)

// keySize is that of AES-256.
const keySize = 32

// A sealed cache is: sealMagic, version, the key's id, a nonce, and what AES-256-GCM makes of the cache. Everything before the
// nonce, and whom the cache belongs to, is authenticated with it.
const (
	sealMagic   = "mmtokens"
	sealVersion = 1
	keyIDSize   = 8
	nonceSize   = 12
	headerSize  = len(sealMagic) + 1 + keyIDSize
)

// Why a sealed cache cannot be opened.
var (
	errNotSealed  = errors.New("it is not a token cache of this version of mm")
	errOtherKey   = errors.New("it was encrypted with another key")
	errNotGenuine = errors.New("its content was changed, or it belongs to another connection or authority")
)

// seal encrypts a cache for its owner. key has keySize bytes.
func seal(key []byte, owner string, cache []byte) ([]byte, error) {
	gcm, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, headerSize+nonceSize+len(cache)+gcm.Overhead())
	out = append(append(append(out, sealMagic...), sealVersion), keyID(key)...)
	nonce := make([]byte, nonceSize)
	_, _ = rand.Read(nonce) // never fails: the program ends where there is no randomness
	out = append(out, nonce...)
	return gcm.Seal(out, nonce, cache, additional(out, owner)), nil
}

// unseal decrypts what seal made for the same owner with the same key.
func unseal(key []byte, owner string, sealed []byte) ([]byte, error) {
	if len(sealed) < headerSize+nonceSize || string(sealed[:len(sealMagic)]) != sealMagic || sealed[len(sealMagic)] != sealVersion {
		return nil, errNotSealed
	}
	if !bytes.Equal(sealed[len(sealMagic)+1:headerSize], keyID(key)) {
		return nil, errOtherKey
	}
	gcm, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	nonce, text := sealed[headerSize:headerSize+nonceSize], sealed[headerSize+nonceSize:]
	cache, err := gcm.Open(nil, nonce, text, additional(sealed, owner))
	if err != nil {
		return nil, errNotGenuine
	}
	return cache, nil
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// additional is what is authenticated besides the cache.
func additional(sealed []byte, owner string) []byte {
	return append(bytes.Clone(sealed[:headerSize]), owner...)
}

// keyID tells keys apart without telling them.
func keyID(key []byte) []byte {
	sum := sha256.Sum256(append([]byte("id of a token key\x00"), key...))
	return sum[:keyIDSize]
}

// parseKey reads a key as a person writes it: 32 bytes in hexadecimal, or in base64 of any kind.
func parseKey(text string) ([]byte, bool) {
	text = strings.TrimSpace(text)
	if key, err := hex.DecodeString(text); err == nil && len(key) == keySize {
		return key, true
	}
	text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	key, err := base64.RawStdEncoding.DecodeString(text)
	return key, err == nil && len(key) == keySize
}
