#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets to tests/corpus/FORMAT/.

good-NAME must parse, bad-NAME must give an error; files of other names (finds of the fuzzer) may do
either and are left alone. Run it from anywhere; the output is the same every time.
"""
import base64
import gzip
import io
import json
import pathlib
import struct
import tarfile
import wave
import zipfile
import zlib

CORPUS = pathlib.Path(__file__).resolve().parent.parent / "tests" / "corpus"


def npy(descr, shape, data, fortran=False, version=1, header=None):
    if header is None:
        header = "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }" % (descr, fortran, shape)
        start = 10 if version == 1 else 12
        header += " " * (-(start + len(header) + 1) % 64) + "\n"
    header = header.encode()
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + data


def npy_seeds():
    f = struct.pack
    yield "good-f4", npy("<f4", (2, 3), f("<6f", 1, -2, 0.5, 1e38, 1e-45, -0.0))
    yield "good-f4-big", npy(">f4", (2,), f(">2f", 1, -2))
    yield "good-f4-special", npy("<f4", (3,), f("<3f", float("nan"), float("inf"), float("-inf")))
    yield "good-f8", npy("<f8", (1, 2), f("<2d", 1.5, 1e38))
    yield "bad-too-large", npy("<f8", (1, 2), f("<2d", 1.5, 1e300))
    yield "good-f8-big", npy(">f8", (2,), f(">2d", 1.5, -1e-300))
    yield "good-f2", npy("<f2", (4,), f("<4e", 1.5, 65504, 6e-8, -0.0))
    yield "good-f2-big", npy(">f2", (2,), f(">2e", 1.5, -2))
    yield "good-i8", npy("<i8", (2,), f("<2q", -1, 2**62))
    yield "good-i4-big", npy(">i4", (2,), f(">2i", -1, 7))
    yield "good-i2", npy("<i2", (2,), f("<2h", -1, 7))
    yield "good-i1", npy("|i1", (2,), f("2b", -1, 7))
    yield "good-u8", npy("<u8", (1,), f("<Q", 2**64 - 1))
    yield "good-u4", npy("<u4", (1,), f("<I", 2**32 - 1))
    yield "good-u2-big", npy(">u2", (1,), f(">H", 2**16 - 1))
    yield "good-u1", npy("|u1", (3,), bytes([0, 1, 255]))
    yield "good-b1", npy("|b1", (3,), bytes([0, 1, 2]))
    yield "good-fortran", npy("<i2", (2, 3, 2), f("<12h", *range(12)), fortran=True)
    yield "good-scalar", npy("<f4", (), f("<f", 3))
    yield "good-empty", npy("<f4", (0, 4), b"")
    yield "good-rank8", npy("|u1", (1, 1, 1, 1, 1, 1, 1, 2), b"ab")
    yield "good-version2", npy("|u1", (2,), b"ab", version=2)
    yield "good-version3", npy("|u1", (2,), b"ab", version=3)
    yield "good-python2", npy("", "", b"ab", header="{\"shape\":(2L,),'descr':'|u1','fortran_order':False}")
    yield "bad-version4", npy("|u1", (2,), b"ab", version=4)
    yield "bad-rank9", npy("|u1", (1,) * 9, b"a")
    yield "bad-object", npy("|O", (1,), b"\x80\x04N.")
    yield "bad-record", npy("", "", b"ab", header="{'descr': [('a', '<f4')], 'fortran_order': False}")
    yield "bad-string", npy("<U1", (1,), b"abcd")
    yield "bad-short", npy("<f4", (2,), b"abcdefg")
    yield "bad-long", npy("<f4", (2,), b"abcdefghi")
    yield "bad-overflow", npy("<f4", (2**32, 2**32), b"")
    yield "bad-overflow-hidden", npy("<f4", (0, 2**32, 2**32), b"")
    yield "bad-huge", npy("<f4", (10**6, 10**6), b"abcd")
    yield "bad-negative", npy("<f4", (-1,), b"abcd")
    yield "bad-key-twice", npy("", "", b"a", header="{'descr': '|u1', 'descr': '|u1', 'shape': (1,)}")
    yield "bad-key-missing", npy("", "", b"a", header="{'descr': '|u1', 'shape': (1,)}")
    yield "bad-header-cut", npy("<f4", (2,), b"abcdefgh")[:40]
    yield "bad-length", b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}"
    yield "bad-magic", b"\x93NUMPX\x01\x00"
    yield "bad-zip", b"PK\x03\x04"
    yield "bad-empty", b""


def csv_seeds():
    yield "good-one", b"1"
    yield "good-matrix", b"1,2,3\n4,5,6\n"
    yield "good-crlf", b"1,2\r\n3,4\r\n"
    yield "good-bom", b"\xef\xbb\xbf1,2\n"
    yield "good-spaces", b" 1 ,\t+2\n-3 , 4 \n\n \n"
    yield "good-special", b"nan,NaN,inf\n-inf,Infinity,-0\n"
    yield "good-exponents", b"1e3,1E-3,.5,5.,1e-400\n"
    yield "good-digits", b"0.1000000000000000055511151231257827021181583404541015625\n"
    yield "bad-empty", b""
    yield "bad-blank", b"\r\n\n"
    yield "bad-ragged-short", b"1,2\n3\n"
    yield "bad-ragged-long", b"1,2\n3,4,5\n"
    yield "bad-blank-row", b"1,2\n\n3,4\n"
    yield "bad-header", b"a,b\n1,2\n"
    yield "bad-cell-empty", b"1,,2\n"
    yield "bad-comma-end", b"1,2,\n"
    yield "bad-semicolon", b"1;2\n3;4\n"
    yield "bad-quoted", b"\"1\",\"2\"\n"
    yield "bad-hex", b"0x8\n"
    yield "bad-two-signs", b"+-1\n"
    yield "bad-too-large", b"1e400\n"
    yield "bad-nan-payload", b"nan(1)\n"
    yield "bad-utf16", "1,2\n".encode("utf-16")
    yield "bad-nul", b"1,\x002\n"
    yield "bad-escape", b"\x1b[31m1\n"
    yield "bad-formula", b"=1+1\n"
    yield "matrix-text", b"1 2 3; 4 5 6"
    yield "matrix-text-commas", b"1, 2, 3;\n4, 5, 6;\n"


def json_seeds():
    yield "good-object", b'{"a":[1,-2,3.5e-3,true,false,null,"x\\n\\u00e9"],"b":{"":{},"c":[]}}'
    yield "good-matrix", b"[[1,2],[3,4],[5,6]]"
    yield "good-tensor", b"[[[1.5],[2]],[[-0.0],[1e38]]]"
    yield "good-number", b" 18446744073709551615 "
    yield "good-bom", b"\xef\xbb\xbf[]"
    yield "good-empty-lists", b"[[],[]]"
    yield "good-surrogates", b'"\\ud83d\\ude42"'
    yield "good-utf8", '"注意 🙂"'.encode()
    yield "good-deep64", b"[" * 64 + b"]" * 64
    yield "good-ragged", b"[[1],[2,3]]"
    yield "bad-deep65", b"[" * 65 + b"]" * 65
    yield "bad-deep", b"[" * 4000
    yield "bad-deep-objects", b'{"a":' * 600
    yield "bad-key-twice", b'{"a":1,"b":{"a":1},"a":1}'
    yield "bad-key-twice-escaped", b'{"a":1,"\\u0061":1}'
    yield "bad-trailing", b"{} {}"
    yield "bad-nul", b"[1]\x00[2]"
    yield "bad-overflow", b"[1e400]"
    yield "bad-nan", b"[NaN]"
    yield "bad-empty", b""
    yield "bad-cut", b'{"a":[1,2'
    yield "bad-comma", b"[1,]"
    yield "bad-comment", b"[1] // one"
    yield "bad-surrogate", b'"\\ud83d"'
    yield "bad-surrogate-raw", b'"\xed\xa0\x80"'
    yield "bad-utf8", b'"\xff\xfe"'
    yield "bad-control", b'"\x1b[31m"'
    yield "bad-zero", b"01"


def safetensors(header, data=b"", pad=True):
    text = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    if pad:
        text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def entry(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def safetensors_seeds():
    sizes = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1,
             "BOOL": 1, "U16": 2, "U32": 4, "U64": 8}
    header, at = {}, 0
    for dtype, size in sizes.items():
        header["t." + dtype] = entry(dtype, [1, 2], at, at + 2 * size)
        at += 2 * size
    yield "good-types", safetensors(header, bytes(range(at)))
    yield "good-empty", safetensors({})
    yield "good-metadata", safetensors({"__metadata__": {"format": "pt"}, "a": entry("F32", [1], 0, 4)}, b"abcd")
    yield "good-scalar", safetensors({"a": entry("F32", [], 0, 4)}, b"abcd")
    yield "good-special", safetensors({"a": entry("F32", [2], 0, 8)}, struct.pack("<2f", float("nan"), float("inf")))
    yield "good-zero-size", safetensors({"a": entry("F32", [0, 9], 0, 0), "b": entry("U8", [1], 0, 1)}, b"a")
    yield "good-unsorted", safetensors({"a": entry("U8", [2], 1, 3), "b": entry("U8", [1], 0, 1)}, b"abc")
    yield "good-640", safetensors(b"{}" + b" " * 638)
    yield "good-unpadded", safetensors({"ab": entry("U8", [2], 0, 2)}, b"ab", pad=False)
    yield "bad-empty", b""
    yield "bad-length-cut", b"\x02\0\0"
    yield "bad-length-long", struct.pack("<Q", 3) + b"{}"
    yield "bad-length-huge", struct.pack("<Q", 2**64 - 1) + b"{}"
    yield "bad-length-zero", struct.pack("<Q", 0)
    yield "bad-list", safetensors(b"[]")
    yield "bad-space-first", safetensors(b" {}")
    yield "bad-dtype", safetensors({"a": entry("F8_E4M3", [1], 0, 1)}, b"a")
    yield "bad-gap", safetensors({"a": entry("U8", [1], 0, 1), "b": entry("U8", [1], 2, 3)}, b"abc")
    yield "bad-overlap", safetensors({"a": entry("U8", [2], 0, 2), "b": entry("U8", [2], 1, 3)}, b"abc")
    yield "bad-rest", safetensors({"a": entry("U8", [1], 0, 1)}, b"ab")
    yield "bad-outside", safetensors({"a": entry("U8", [3], 0, 3)}, b"ab")
    yield "bad-backwards", safetensors({"a": entry("U8", [1], 1, 0)}, b"a")
    yield "bad-size", safetensors({"a": entry("F32", [2], 0, 4)}, b"abcd")
    yield "bad-overflow", safetensors({"a": entry("F32", [2**32, 2**32], 0, 0)})
    yield "bad-overflow-hidden", safetensors({"a": entry("U8", [0, 2**63, 2], 0, 0)})
    yield "bad-rank9", safetensors({"a": entry("U8", [1] * 9, 0, 1)}, b"a")
    yield "bad-negative", safetensors({"a": entry("U8", [-1], 0, 1)}, b"a")
    yield "bad-key-extra", safetensors({"a": {**entry("U8", [1], 0, 1), "x": 1}}, b"a")
    yield "bad-key-missing", safetensors({"a": {"dtype": "U8", "shape": [1]}}, b"a")
    yield "bad-name-twice", safetensors(b'{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},'
                                        b'"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}')
    yield "bad-metadata", safetensors({"__metadata__": {"a": 1}})
    yield "bad-deep", safetensors(b'{"a":[[[[[[1]]]]]]}')
    yield "bad-zip", b"PK\x03\x04" + bytes(30)
    yield "bad-pickle", bytes.fromhex("80028a0a6cfc9c46f9206aa850192e")


def lesson_seeds():
    head = b"title: T\nneeds: 01, 02\nminutes: 5\n\n"
    hints = b"hint: a\nhint: b\nhint: c\nwhy: d\n```\n"
    run = b"```run plain hidden\nattend 'a b' --show \"weights\"\n```\n"
    choice = (b"```ask\nquestion: q\n  goes\n    on\nchoice: x\n  when: not a[0, -1] == \"t\"\n"
              b"  betrays: scale-missing: no\nchoice: y\n  when: a == 1 and b < 2\n  betrays: m\n")
    yield "good-prose", head + b"## H\n\ntext {{a[\"x\", 0:2] max | 2}} `c` **b**\n\n- x\n  1. y\n"
    yield "good-table", head + b"| a | b |\n|---|---|\n| 1 | 2 |\n---\n> q\n\n[l](u) ![p](u)\n"
    yield "good-run", head + run + b"```check\nplain::a shape == [1, 2] within 1e-6 # all\n```\n"
    yield "good-claims", head + run + (
        b"```check\n-(a . b)[*, \"t\", 1:] row-sums + sqrt(2) * 3 / 4 - inf <= x.0.y first\n"
        b"parameters > 1 and flops != 2\n```\n")
    yield "good-choice", head + choice.replace(b"  goes\n", b"") + hints + run
    yield "good-number", head + b"```ask\nquestion: q\nnumber: a + 1\nwithin: 0.5\nwrong: 2 | no\n" + hints
    yield "good-cell", head + b"```ask\nquestion: q\ncell: a argmin\nwrong: [0, 1] | no\n" + hints
    yield "good-text", head + b"```text\n a --> b\n```\n```exercise\nfirst-one\n```\n"
    yield "good-crlf", (b"\xef\xbb\xbf" + head + run).replace(b"\n", b"\r\n")
    yield "bad-empty", b""
    yield "bad-head", b"title: T\nminutes: many\n\n"
    yield "bad-open-block", head + b"```run\nattend\n"
    yield "bad-kind", head + b"```python\nx\n```\n"
    yield "bad-claim", head + b"```check\na ==\n```\n"
    yield "bad-deep", head + b"```check\n" + b"(" * 200 + b"\n```\n"
    yield "bad-value", head + b"x {{a"
    yield "bad-hints", head + choice.replace(b"  goes\n", b"") + b"hint: a\nwhy: d\n```\n"
    yield "bad-quote", head + b"```run\nattend 'x\n```\n"
    yield "bad-utf8", head + b"\xff\n"


def vocab_seeds():
    """A vocab.txt, and behind a line ==== a text."""
    special = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n"
    yield "good-special", special.encode()
    yield "good-crlf-bom", ("\ufeff" + special + "play\n##ing").replace("\n", "\r\n").encode()
    yield "good-order", "##s\n[MASK]\n[SEP]\nthe\n[CLS]\n[UNK]\n[PAD]".encode()
    yield "good-words", (special + "un\n##aff\n##able\n!\n====\nUnaffable! [MASK] xyz").encode()
    yield "good-unicode", (special + "e\n##\u0301\n\u4e2d\n\u03bf\n##\u03c2\n\u1112\n##\u1161\n====\n"
                           "\u00e9e\u0301 \u4e2d\u6587 \u039f\u03a3 \ud558 \U0001f600\u200d\u202e\u0130").encode()
    yield "good-marks", (special + "a\n====\na" + "\u0301\u0323" * 40).encode()
    yield "good-long", (special + "x\n##x\n====\n" + "x" * 100 + " " + "x" * 101).encode()
    yield "good-text-not-utf8", special.encode() + b"a\n====\na\xff\xed\xa0\x80 \x00\x01\r\n[SEP"
    yield "bad-empty", b""
    yield "bad-no-mask", b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n"
    yield "bad-twice", (special + "a\na\n").encode()
    yield "bad-blank", (special + "\na\n").encode()
    yield "bad-utf8", special.encode() + b"\xc3("
    yield "bad-cr-inside", (special + "a\rb\n").encode()
    yield "bad-escape", (special + "\x1b[31m\n\x1b[31m\n").encode()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, colour, rows, before=b"", interlaced=0):
    """rows: the bytes of each line (of each pass, if interlaced)."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before
            + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))) + chunk(b"IEND", b""))


# Two lines of three pixels, in every good-rgb file the same; in every good-grey file their first
# line and its reverse: black, middle, white.
RGB = [[(0, 0, 0), (255, 0, 0), (0, 255, 0)], [(0, 0, 255), (255, 255, 255), (51, 102, 153)]]
JPEG_RGB = (  # 8 x 8 pixels of (200, 100, 50), quality 95, by libjpeg-turbo
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAIBAQEBAQIBAQECAgICAgQDAgICAgUEBAMEBgUGBgYFBgYGBwkIBgcJBwYGCAsICQoK"
    "CgoKBggLDAsKDAkKCgr/2wBDAQICAgICAgUDAwUKBwYHCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoK"
    "CgoKCgoKCgr/wAARCAAIAAgDAREAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUF"
    "BAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVW"
    "V1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi"
    "4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAEC"
    "AxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVm"
    "Z2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq"
    "8vP09fb3+Pn6/9oADAMBAAIRAxEAPwDPr+Vz+2D/2Q==")
JPEG_GREY = (  # 8 x 8 pixels of 128, quality 50
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19i"
    "Z2hnPk1xeXBkeFxlZ2P/wAALCAAIAAgBAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUF"
    "BAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVW"
    "V1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi"
    "4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEBAAA/ACv/2Q==")


def picture_seeds():
    flat = [bytes(v for pixel in row for v in pixel) for row in RGB]
    yield "good-rgb8", png(3, 2, 8, 2, flat)
    wide = [b"".join(struct.pack(">H", v * 257) for pixel in row for v in pixel) for row in RGB]
    yield "good-rgb16", png(3, 2, 16, 2, wide)
    palette = chunk(b"PLTE", b"".join(flat))
    yield "good-rgb-palette8", png(3, 2, 8, 3, [bytes([0, 1, 2]), bytes([3, 4, 5])], palette)
    yield "good-rgb-palette4", png(3, 2, 4, 3, [bytes([0x01, 0x20]), bytes([0x34, 0x50])], palette)
    solid = [b"".join(bytes(pixel) + b"\xff" for pixel in row) for row in RGB]
    yield "good-rgb-alpha", png(3, 2, 8, 6, solid)
    # Adam7: pass 1 has pixel (0,0), 5 none, 6 column 1 of line 0 and of no other, 7 line 1, 4 column 2
    passes = [bytes(RGB[0][0]), bytes(RGB[0][2]), bytes(RGB[0][1]), flat[1]]
    yield "good-rgb-interlaced", png(3, 2, 8, 2, passes, interlaced=1)
    yield "good-rgb-ppm", b"P6 3 2 255\n" + b"".join(flat)
    yield "good-rgb-ppm-text", ("P3\n# a remark\n3 2\n255\n" + " ".join(str(v) for v in b"".join(flat))).encode()
    yield "good-rgb-ppm16", b"P6\n3 2\n65535\n" + b"".join(wide)
    grey = [bytes([0, 128, 255]), bytes([255, 128, 0])]
    yield "good-grey8", png(3, 2, 8, 0, grey)
    yield "good-grey16", png(3, 2, 16, 0, [b"".join(struct.pack(">H", v * 257) for v in row) for row in grey])
    yield "good-grey-alpha", png(3, 2, 8, 4, [bytes(v for g in row for v in (g, 255)) for row in grey])
    yield "good-grey-pgm", b"P5 3 2 255 " + b"".join(grey)
    yield "good-grey-pgm-text", b"P2 3 2 255 0 128 255 255 128 0"
    yield "good-bits", png(3, 2, 1, 0, [b"\x40", b"\xa0"])
    yield "good-transparent", png(1, 1, 8, 6, [bytes([9, 9, 9, 0])])
    yield "good-one-pixel", png(1, 1, 8, 0, [b"\x80"])
    yield "good-jpeg-rgb", base64.b64decode(JPEG_RGB)
    yield "good-jpeg-grey", base64.b64decode(JPEG_GREY)
    whole = png(3, 2, 8, 2, flat)
    yield "bad-png-cut", whole[:-20]
    yield "bad-png-header-only", whole[:33]
    yield "bad-png-checksum", whole[:45] + bytes([whole[45] ^ 1]) + whole[46:]
    yield "bad-png-bomb", png(4000, 4000, 16, 6, [b"a"])
    yield "bad-png-enormous", png(2**31 - 1, 2**31 - 1, 8, 2, [b"a"])
    yield "bad-png-no-size", png(0, 1, 8, 2, [])
    yield "bad-png-no-palette", png(3, 2, 8, 3, [bytes([0, 1, 2]), bytes([3, 4, 5])])
    yield "bad-jpeg-cut", base64.b64decode(JPEG_RGB)[:-12]
    yield "bad-jpeg-header-only", base64.b64decode(JPEG_RGB)[:180]
    yield "bad-ppm-cut", b"P6 3 2 255\n" + b"".join(flat)[:-1]
    yield "bad-ppm-enormous", b"P6 99999 99999 255\nabc"
    yield "bad-ppm-overflow", b"P6 99999999999999999999 1 255\nabc"
    yield "bad-ppm-largest", b"P2 1 1 0 0"
    yield "bad-ppm-above", b"P2 1 1 7 8"
    yield "bad-ppm-letters", b"P3 1 1 255 a b c"
    yield "bad-pbm", b"P1 1 1 1"
    yield "bad-gif", b"GIF89a" + bytes(20)
    yield "bad-empty", b""


SAMPLES = [0.0, 0.5, -0.5, 0.25, -0.25, 0.75, -0.75, -1.0]  # exact in 8 bits


def wav(rate, width, channels, data):
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(data)
    return out.getvalue()


def sound_seeds():
    def whole(width, channels=1):
        top = 1 << (8 * width - 1)
        numbers = [round(v * top) for v in SAMPLES for _ in range(channels)]
        if width == 1:
            return bytes(v + 128 for v in numbers)
        return b"".join(v.to_bytes(width, "little", signed=True) for v in numbers)

    yield "good-8-bit", wav(8000, 1, 1, whole(1))
    yield "good-16-bit", wav(16000, 2, 1, whole(2))
    yield "good-24-bit", wav(44100, 3, 1, whole(3))
    yield "good-32-bit", wav(96000, 4, 1, whole(4))
    yield "good-6-channels", wav(8000, 2, 6, whole(2, 6))
    body = struct.pack("<8f", *SAMPLES)
    head = struct.pack("<HHIIHH", 3, 1, 8000, 32000, 4, 32)
    floats = b"WAVEfmt " + struct.pack("<I", 16) + head + b"data" + struct.pack("<I", 32) + body
    yield "good-float", b"RIFF" + struct.pack("<I", len(floats)) + floats
    not_numbers = floats[:-4] + struct.pack("<f", float("nan"))
    yield "bad-nan", b"RIFF" + struct.pack("<I", len(floats)) + not_numbers
    good = wav(8000, 2, 1, whole(2))
    yield "bad-no-samples", wav(8000, 2, 1, b"")
    yield "bad-cut", good[:-3]
    yield "bad-header-only", good[:30]
    yield "bad-promises", good[:40] + struct.pack("<I", 2**31 - 8) + good[44:]
    yield "bad-no-channels", good[:22] + b"\0\0" + good[24:]
    yield "bad-many-channels", good[:22] + b"\xff\xff" + good[24:]
    yield "bad-rate-0", good[:24] + bytes(4) + good[28:]
    yield "bad-format", good[:20] + b"\x77\x77" + good[22:]
    yield "bad-flac-header-only", b"fLaC\0\0\0\x22" + bytes(34)
    yield "bad-ogg-header-only", b"OggS" + bytes(60)
    yield "bad-text", b"no sound at all"
    yield "bad-empty", b""


def molecule_seeds():
    def mol(atoms, bonds, counts=None, version="V2000"):
        counts = counts or f"{len(atoms):3d}{len(bonds):3d}"
        lines = ["name", "  program", "", f"{counts}  0  0  0  0            999 {version}"]
        lines += [f"    0.0000    0.0000    0.0000 {atom:<3s} 0  0" for atom in atoms]
        lines += [f"{a:3d}{b:3d}{kind:3d}  0" for a, b, kind in bonds]
        return ("\n".join(lines + ["M  END"]) + "\n").encode()

    water = mol(["O", "H", "H"], [(1, 2, 1), (1, 3, 1)])
    yield "good-water", water
    yield "good-crlf", water.replace(b"\n", b"\r\n")
    yield "good-two", water + b"$$$$\n" + water + b"$$$$\n"
    yield "good-no-bonds", mol(["Na", "Cl"], [])
    yield "good-999", mol(["C"] * 999, [(i, i + 1, 1) for i in range(1, 999)])
    yield "bad-1000", mol(["C"] * 1000, [(i, i + 1, 1) for i in range(1, 999)], "1000999")
    yield "bad-v3000", mol([], [], "  0  0", "V3000")
    yield "bad-no-atoms", mol([], [])
    yield "bad-cut", water[:-60]
    yield "bad-bond-of-none", mol(["O", "H"], [(1, 3, 1)])
    yield "bad-bond-of-0", mol(["O", "H"], [(0, 1, 1)])
    yield "bad-bond-itself", mol(["O", "H"], [(1, 1, 1)])
    yield "bad-bond-twice", mol(["O", "H"], [(1, 2, 1), (2, 1, 1)])
    yield "bad-bond-kind", mol(["O", "H"], [(1, 2, 9)])
    yield "bad-element", mol(["12"], [])
    yield "bad-counts", mol(["O"], [], "abcdef")
    yield "bad-negative", mol(["O"], [], " -1  0")
    yield "bad-empty", b""
    yield "bad-text", b"no molecule at all"
def zipped(files, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return out.getvalue()


def tarred(files, kinds=()):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for name, kind, target in kinds:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, target
            archive.addfile(entry)
    return out.getvalue()


def archive_seeds():
    sheet = [("sheet1/homework.json", b"{}"), ("sheet1/answers/scores.csv", b"1,2\n3,4\n")]
    plain = zipped(sheet)
    yield "good-zip", plain
    yield "good-zip-stored", zipped(sheet, zipfile.ZIP_STORED)
    yield "good-zip-empty", zipped([])
    yield "good-zip-inside", zipped([("b/a.zip", plain)])
    yield "good-zip-elsewhere", zipped([("../../x", b"1"), ("/etc/y", b"2"), ("C:\\z\\w", b"3")])
    yield "good-zip-same-name", zipped([("a", b"1"), ("a/b", b"2")])
    yield "good-zip-zeros", zipped([("a.csv", bytes(2_000_000))])
    yield "good-tar", tarred(sheet)
    yield "good-tar-gz", gzip.compress(tarred(sheet), mtime=0)
    yield "good-tar-links", tarred(sheet, [("a", tarfile.SYMTYPE, "/etc/passwd"),
                                           ("b", tarfile.LNKTYPE, "sheet1/homework.json"),
                                           ("c", tarfile.FIFOTYPE, ""), ("d", tarfile.CHRTYPE, "")])
    yield "bad-empty", b""
    yield "bad-text", b"no archive\n"
    yield "bad-rar", b"Rar!\x1a\x07\x00" + bytes(20)
    yield "bad-zip-cut", plain[:-30]
    yield "bad-zip-crc", plain.replace(
        struct.pack("<I", zipfile.crc32(b"{}")), b"abcd")
    encrypted = bytearray(plain)
    for sign, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        encrypted[encrypted.find(sign) + flags] |= 1
    yield "bad-zip-password", bytes(encrypted)
    yield "bad-zip-deep", zipped([("a/" * 70 + "b", b"1")])
    yield "bad-tar-cut", tarred(sheet)[:700]
    yield "bad-tar-gz-cut", gzip.compress(tarred(sheet), mtime=0)[:60]


def main():
    for name, seeds in (("npy", npy_seeds), ("csv", csv_seeds), ("json", json_seeds),
                        ("safetensors", safetensors_seeds), ("vocab", vocab_seeds),
                        ("lesson", lesson_seeds), ("archive", archive_seeds), ("picture", picture_seeds),
                        ("sound", sound_seeds), ("molecule", molecule_seeds)):
        folder = CORPUS / name
        folder.mkdir(parents=True, exist_ok=True)
        for stem, content in seeds():
            (folder / stem).write_bytes(content)


if __name__ == "__main__":
    main()
