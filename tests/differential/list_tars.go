// What Go's archive/tar finds in tars, in the form that tests/tools/list-tars.c has for ours. tars.py compares the two.
package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
)

// Zeros of a hole that nobody waits for: what has so large a file is not compared.
const huge = 64 << 20

// No Seeker: runtimes read from a stream.
type stream struct{ io.Reader }

func attributes(header *tar.Header) string {
	var keys []string
	for key := range header.PAXRecords {
		if strings.HasPrefix(key, "SCHILY.xattr.") {
			keys = append(keys, key)
		}
	}
	sort.Strings(keys)
	text := ""
	for _, key := range keys {
		text += fmt.Sprintf(" %x= %x,", key, header.PAXRecords[key])
	}
	return text
}

func entry(header *tar.Header, content []byte) string {
	target, size := "", int64(0)
	switch header.Typeflag {
	case tar.TypeLink, tar.TypeSymlink:
		target = header.Linkname
	case tar.TypeChar, tar.TypeBlock, tar.TypeDir, tar.TypeFifo, tar.TypeXGlobalHeader:
	default:
		size = header.Size
	}
	found := attributes(header)
	if header.Typeflag == tar.TypeXGlobalHeader {
		found = ""
	}
	return fmt.Sprintf("%d %x %x %d %o %d %d sha256:%x %s|", header.Typeflag, header.Name, target, size, header.Mode&0o7777,
		header.Uid, header.Gid, content, found)
}

func list(data []byte) string {
	var line strings.Builder
	reader := tar.NewReader(stream{bytes.NewReader(data)})
	for {
		header, err := reader.Next()
		if err == io.EOF {
			return line.String() + "end"
		}
		// What tar.h says that it refuses beyond Go: names with a NUL, and global headers of which Go took some records.
		if err != nil || strings.Contains(header.Name, "\x00") ||
			header.Typeflag == tar.TypeXGlobalHeader && header.PAXRecords == nil {
			return line.String() + "refused"
		}
		if header.Size > huge && int64(len(data)) < header.Size {
			return "huge"
		}
		hash := sha256.New()
		if _, err := io.Copy(hash, reader); err != nil {
			return line.String() + "refused"
		}
		line.WriteString(entry(header, hash.Sum(nil)))
	}
}

func main() {
	in, out := bufio.NewReader(os.Stdin), bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		var size uint32
		if binary.Read(in, binary.BigEndian, &size) != nil {
			return
		}
		data := make([]byte, size)
		if _, err := io.ReadFull(in, data); err != nil {
			panic(err)
		}
		fmt.Fprintln(out, list(data))
	}
}
