package normal

import "iter"

// Members goes through the members of a JSON object in their order: the name as it is written, with its quotes and escapes,
// and the value without the space around it. object must be valid JSON; of anything but an object there are none.
func Members(object []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		i := skipSpace(object, 0)
		if i >= len(object) || object[i] != '{' {
			return
		}
		for i++; i < len(object); i++ {
			if i = skipSpace(object, i); i >= len(object) || object[i] != '"' {
				return
			}
			nameEnd := skipString(object, i)
			name := object[i:nameEnd]
			i = skipSpace(object, skipSpace(object, nameEnd)+1) // past the colon
			valueEnd := skipValue(object, i)
			if !yield(name, object[i:valueEnd]) {
				return
			}
			i = skipSpace(object, valueEnd) // at the comma or the end
		}
	}
}

// skipSpace returns where the space that begins at i ends.
func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// skipString returns where the string that begins at i ends.
func skipString(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}

// skipValue returns where the value that begins at i ends.
func skipValue(b []byte, i int) int {
	for depth := 0; i < len(b); {
		switch b[i] {
		case '"':
			i = skipString(b, i)
		case '{', '[':
			depth++
			i++
			continue
		case '}', ']':
			depth--
			i++
		case ',', ':', ' ', '\n', '\t', '\r':
			i++
			continue
		default: // a number, true, false or null
			for i < len(b) && b[i] != ',' && b[i] != '}' && b[i] != ']' && b[i] > ' ' {
				i++
			}
		}
		if depth <= 0 {
			return i
		}
	}
	return len(b)
}
