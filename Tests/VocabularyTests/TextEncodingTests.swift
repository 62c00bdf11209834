import Testing
import Vocabulary

@Suite("Encodings of text")
struct TextEncodingTests {
  @Test("UTF-16 and UTF-32 are known with their mark and without")
  func wide() {
    let names: [(String?, [UInt8])] = [
      ("UTF-16", [0xFF, 0xFE, 0x61, 0]), ("UTF-16", [0xFE, 0xFF, 0, 0x61]), ("UTF-32", [0xFF, 0xFE, 0, 0]),
      ("UTF-32", [0, 0, 0xFE, 0xFF]), ("UTF-16LE", [0x7B, 0, 0x22, 0]), ("UTF-16BE", [0, 0x7B, 0, 0x22]),
      ("UTF-32LE", [0x7B, 0, 0, 0]), ("UTF-32BE", [0, 0, 0, 0x7B]), (nil, Array("name".utf8)), (nil, []),
      (nil, [0x61, 0]),
      (nil, [0xEF, 0xBB, 0xBF, 0x61]),
    ]
    for (name, bytes) in names { #expect(TextEncoding.wideName(of: bytes) == name, "\(bytes)") }
  }

  @Test("the first byte that is not UTF-8 is found behind so many characters")
  func trouble() {
    func find(_ bytes: [UInt8]) -> (characters: Int, byte: UInt8)? {
      bytes.withUnsafeBytes { TextEncoding.trouble(in: $0) }
    }
    #expect(find(Array("é中😀".utf8)) == nil)
    #expect(find([]) == nil)
    #expect(find(Array("aé中😀".utf8) + [0xE9])?.characters == 4)
    #expect(find([0x61, 0xC3])?.byte == 0xC3)
    #expect(find([0x61, 0xC0, 0xAF])?.characters == 1)
    #expect(find([0x80])?.characters == 0)
  }
}
