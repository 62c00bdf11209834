import Testing
import Vocabulary

@Suite("Sections")
struct SectionTests {
  private enum Kind: UInt32, CaseIterable { case first, second, third }

  private func message() -> [UInt8] {
    var writer = SectionWriter(magic: 7)
    writer.add(Kind.first) { $0.append(raw: Int64(-1)) }
    writer.add(Kind.third) { $0.append(contentsOf: [1, 2, 3]) }
    return writer.bytes
  }

  private func read(_ bytes: [UInt8], magic: UInt32 = 7, kinds: Int = 3) throws -> [[UInt8]] {
    try bytes.withUnsafeBytes { bytes in
      let reader = try SectionReader(bytes, magic: magic, kinds: kinds)
      return Kind.allCases.map { Array(reader[$0]) }
    }
  }

  @Test("what was written is read; a section that was left out is empty; a second message replaces the first")
  func roundTrip() throws {
    #expect(try read(message()) == [[UInt8](repeating: 255, count: 8), [], [1, 2, 3]])
    var writer = SectionWriter(magic: 7)
    writer.add(Kind.first) { $0.append(9) }
    writer.begin()
    writer.add(Kind.second) { _ in }
    #expect(try read(writer.bytes) == [[], [], []])
  }

  @Test("bodies begin at multiples of 8")
  func alignment() throws {
    let bytes = message()
    try bytes.withUnsafeBytes { bytes in
      let reader = try SectionReader(bytes, magic: 7, kinds: 3)
      for kind in [Kind.first, .third] {
        let start = try #require(reader[kind].baseAddress) - #require(bytes.baseAddress)
        #expect(start.isMultiple(of: 8))
      }
    }
  }

  @Test("cut anywhere, or longer, it is refused")
  func cut() {
    let whole = message()
    for count in 0..<whole.count {
      #expect(throws: SectionError.self, "cut to \(count) bytes") { try read(Array(whole.prefix(count))) }
    }
    #expect(throws: SectionError.tooLong(1)) { try read(whole + [0]) }
  }

  @Test("another format, a kind that is not known, and kinds out of order are refused")
  func foreign() {
    #expect(throws: SectionError.otherFormat) { try read(message(), magic: 8) }
    #expect(throws: SectionError.unknownKind(2)) { try read(message(), kinds: 2) }
    var twice = message()
    twice[32] = 0  // The kind of the second section.
    #expect(throws: SectionError.disorder(0)) { try read(twice) }
  }

  @Test("a length beyond the message is refused, whatever it is", arguments: [9, 1 << 20, UInt64.max, UInt64(Int.max)])
  func lengths(_ length: UInt64) {
    var bytes = message()
    bytes.withUnsafeMutableBytes { $0.storeBytes(of: length, toByteOffset: 40, as: UInt64.self) }
    #expect(throws: SectionError.self) { try read(bytes) }
  }
}
