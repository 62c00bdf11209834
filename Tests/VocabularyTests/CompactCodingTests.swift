import Foundation
import Testing
import Vocabulary

@Suite("Compact coding")
struct CompactCodingTests {
  private func read<T>(_ bytes: [UInt8], _ body: (inout CompactReader) throws -> T) throws -> T {
    try bytes.withUnsafeBytes { bytes in
      var reader = CompactReader(bytes)
      let value = try body(&reader)
      try reader.finish()
      return value
    }
  }

  @Test(
    "whole numbers come back, in as many bytes as they need",
    arguments: [(0, 1), (127, 1), (128, 2), (16_383, 2), (16_384, 3), (.max >> 1, 9), (.max, 10)] as [(UInt64, Int)])
  func wholeNumbers(value: UInt64, size: Int) throws {
    var writer = CompactWriter()
    writer.write(value)
    #expect(writer.bytes.count == size)
    #expect(try read(writer.bytes) { try $0.readUInt64() } == value)
  }

  @Test("floating-point numbers come back bit by bit, NaN payloads included")
  func floats() throws {
    var writer = CompactWriter()
    let payload = Double(bitPattern: 0x7FF8_0000_DEAD_BEEF)
    writer.write(payload)
    writer.write(Float(-0.0))
    let (double, float) = try read(writer.bytes) { (try $0.readDouble(), try $0.readFloat()) }
    #expect(double.bitPattern == payload.bitPattern)
    #expect(float.bitPattern == Float(-0.0).bitPattern)
  }

  @Test("text and counts come back, and each bound is held")
  func bounds() throws {
    var writer = CompactWriter()
    writer.write("größe")
    writer.write(counts: [1, 0, 300])
    let (text, counts) = try read(writer.bytes) {
      (try $0.readString(bytesMax: 7), try $0.readCounts(elementsMax: 3))
    }
    #expect(text == "größe")
    #expect(counts == [1, 0, 300])
    #expect(throws: DamagedBytes.self) { try read(writer.bytes) { try $0.readString(bytesMax: 6) } }
    #expect(throws: DamagedBytes.self) { try read(Array(writer.bytes[8...])) { try $0.readCounts(elementsMax: 2) } }
    #expect(throws: DamagedBytes.self) { try read([200, 1]) { try $0.readCount(max: 199) } }
  }

  @Test(
    "a number beyond 64 bits, one without an end and a length beyond the bytes are refused",
    arguments: [
      Array(repeating: 0xFF, count: 9) + [0x02], Array(repeating: 0x80, count: 11), [0x80], [],
    ] as [[UInt8]])
  func damage(bytes: [UInt8]) {
    #expect(throws: DamagedBytes.self) { try read(bytes) { try $0.readUInt64() } }
    #expect(throws: DamagedBytes.self) { try read([100, 1, 2]) { try $0.readCounts(elementsMax: 1000) } }
  }

  @Test("JSON holds NaN and infinity as words, and other numbers as numbers")
  func json() throws {
    struct Holder: Codable { @JSONSafe var value: Double }
    for (value, text) in [(Double.nan, #""nan""#), (.infinity, #""inf""#), (-.infinity, #""-inf""#), (1.5, "1.5")] {
      let data = try JSONEncoder().encode(Holder(value: value))
      #expect(String(decoding: data, as: UTF8.self) == #"{"value":\#(text)}"#)
      let back = try JSONDecoder().decode(Holder.self, from: data).value
      #expect(back == value || (back.isNaN && value.isNaN))
    }
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(Holder.self, from: Data(#"{"value":"many"}"#.utf8))
    }
  }
}
