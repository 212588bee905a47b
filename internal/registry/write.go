package registry

import (
	"errors"
	"fmt"
)

// unfinished stands in place of the registry's first byte while the rest of it is rewritten. No JSON begins so: whoever reads
// the file meanwhile, or after the writer was killed, cannot take a mixture of old and new for a registry.
const unfinished = '!'

// A place is what rewriting needs of a file.
type place interface {
	WriteAt(b []byte, offset int64) (int, error)
	Truncate(size int64) error
	Sync() error
}

// errDamaged says that neither the new content could be written nor the old one put back.
var errDamaged = errors.New("the old content could not be put back")

// rewrite replaces a file's content in place. Where that fails, the content is the old one again, perhaps with spaces at its
// end, or the error is errDamaged.
//
// The space that the new content needs beyond the old is taken first, by spaces after the old content, which stays valid JSON
// so: a full disk, a quota or a size limit is met before anything is harmed.
func rewrite(f place, old, text []byte) error {
	if grow := len(text) - len(old); grow > 0 {
		if err := reserve(f, len(old), grow); err != nil {
			_ = f.Truncate(int64(len(old)))
			return err
		}
	}
	err := overwrite(f, text)
	if err == nil {
		return nil
	}
	if back := overwrite(f, old); back != nil {
		return fmt.Errorf("%w (%w), %w", errDamaged, back, err)
	}
	return err
}

// reserve writes n spaces at offset and has them on disk: some filesystems notice a full disk only then.
func reserve(f place, offset, n int) error {
	spaces := make([]byte, n)
	for i := range spaces {
		spaces[i] = ' '
	}
	if _, err := f.WriteAt(spaces, int64(offset)); err != nil {
		return err
	}
	return f.Sync()
}

// overwrite makes text the file's content. Each step is on disk before the next, so that a power failure leaves no mixture
// without the mark either.
func overwrite(f place, text []byte) error {
	if len(text) == 0 {
		return errors.Join(f.Truncate(0), f.Sync())
	}
	for _, step := range []func() error{
		func() error { _, err := f.WriteAt([]byte{unfinished}, 0); return err },
		f.Sync,
		func() error { _, err := f.WriteAt(text[1:], 1); return err },
		func() error { return f.Truncate(int64(len(text))) },
		f.Sync,
		func() error { _, err := f.WriteAt(text[:1], 0); return err },
		f.Sync,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
