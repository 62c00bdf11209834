import Ingest
import Testing

@Suite("Compressed bodies")
struct ContentCodingTests {
  private func decode(_ bytes: [UInt8], bytesMax: Int = 16 << 20) throws -> [UInt8] {
    try bytes.withUnsafeBytes { try ContentCoding.gzip.decode($0, bytesMax: bytesMax) }
  }

  @Test(
    "members follow each other in one body, and time follows what they hold, not how many they are",
    .timeLimit(.minutes(1)))
  func members() throws {
    let empty = gzip([])
    let many = Array(repeatElement(empty, count: (4 << 20) / empty.count).joined())
    #expect(try decode(many + gzip([1, 2, 3]) + many + gzip([4])) == [1, 2, 3, 4])
  }

  @Test("the bound is exact, in one member and in many")
  func bound() throws {
    let plain = [UInt8](repeating: 7, count: 100_000)
    let parts = stride(from: 0, to: plain.count, by: 1000).flatMap { gzip(Array(plain[$0..<$0 + 1000])) }
    for packed in [gzip(plain), parts] {
      #expect(try decode(packed, bytesMax: 100_000) == plain)
      let error = #expect(throws: IngestError.self) { try decode(packed, bytesMax: 99_999) }
      #expect(error?.code == .tooLarge)
    }
  }
}
