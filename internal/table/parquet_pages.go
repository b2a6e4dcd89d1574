package table

import (
	"bufio"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
)

// readable refuses pages that announce more bytes than they can hold, before
// the library makes room for them: the end of memory is the end of the program.
// What else is wrong with the pages is left to it.
func readable(r io.ReaderAt, size int64, chunk *format.ColumnMetaData) error {
	begin := chunk.DataPageOffset
	if chunk.DictionaryPageOffset != 0 {
		begin = chunk.DictionaryPageOffset
	}
	switch chunk.Codec {
	case format.Uncompressed:
		return nil
	case format.Lz4Raw:
		return unpackable(r, size, chunk, begin)
	}
	return likely(r, begin, begin+min(chunk.TotalCompressedSize, size))
}

// likely goes from page header to page header, and refuses what no page of
// that many bytes unpacks to.
func likely(r io.ReaderAt, begin, end int64) error {
	const usual, tightest = 64 << 20, 1024
	for n := 0; begin >= 0 && begin < end; n++ {
		section := io.NewSectionReader(r, begin, end-begin)
		pages := bufio.NewReaderSize(section, 1<<10)
		var h format.PageHeader
		if !decoded(pages, &h) {
			break // which the library refuses too
		}
		packed, unpacked := int64(h.CompressedPageSize), int64(h.UncompressedPageSize)
		if unpacked > max(usual, tightest*packed) {
			return tooMuch(n, packed, unpacked)
		}
		read, err := section.Seek(0, io.SeekCurrent)
		if err != nil {
			return err
		}
		begin += read - int64(pages.Buffered()) + packed
	}
	return nil
}

func decoded(pages *bufio.Reader, h *format.PageHeader) bool {
	err := thrift.NewDecoder(new(thrift.CompactProtocol).NewReader(pages)).Decode(h)
	return err == nil && h.CompressedPageSize >= 0
}

func tooMuch(page int, packed, unpacked int64) error {
	return fmt.Errorf("page %d says that its %d bytes unpack to %d, which is more than can be", page, packed, unpacked)
}

// unpackable refuses LZ4 pages that cannot be unpacked into the bytes that
// their headers announce. The library doubles its memory until a page can be,
// which a damaged one never can.
func unpackable(r io.ReaderAt, size int64, chunk *format.ColumnMetaData, begin int64) error {
	pages := bufio.NewReader(io.NewSectionReader(r, begin, min(chunk.TotalCompressedSize, size)))
	decoder := thrift.NewDecoder(new(thrift.CompactProtocol).NewReader(pages))
	var into []byte
	for n := 0; ; n++ {
		h, page := nextPage(decoder, pages, size)
		if h == nil {
			return nil // the end, or what the library refuses too
		}
		packed, size := packedPart(h, page)
		if packed == nil {
			continue
		}
		if most := 255 * (int64(len(packed)) + 1); size < 0 || size > most { // LZ4 packs no tighter
			return tooMuch(n, int64(len(packed)), size)
		}
		if int64(len(into)) < size {
			into = make([]byte, size)
		}
		if _, err := lz4.UncompressBlock(packed, into[:size]); err != nil {
			return fmt.Errorf("page %d cannot be unpacked into the %d bytes that it announces", n, size)
		}
	}
}

// nextPage is a page with its header; nil where no whole one follows.
func nextPage(decoder *thrift.Decoder, pages io.Reader, most int64) (*format.PageHeader, []byte) {
	var h format.PageHeader
	if decoder.Decode(&h) != nil || h.CompressedPageSize < 0 || int64(h.CompressedPageSize) > most {
		return nil, nil
	}
	page := make([]byte, h.CompressedPageSize)
	if _, err := io.ReadFull(pages, page); err != nil {
		return nil, nil
	}
	return &h, page
}

// packedPart is what of a page is packed, and how many bytes it stands for;
// nil where nothing is.
func packedPart(h *format.PageHeader, page []byte) (packed []byte, size int64) {
	size = int64(h.UncompressedPageSize)
	if h.Type != format.DataPageV2 {
		return page, size
	}
	v2 := &h.DataPageHeaderV2.V // its levels stand in front, unpacked
	levels := int64(max(v2.RepetitionLevelsByteLength, 0)) + int64(max(v2.DefinitionLevelsByteLength, 0))
	if levels > int64(len(page)) || v2.IsCompressed.Valid && !v2.IsCompressed.V {
		return nil, 0
	}
	return page[levels:], size - levels
}
