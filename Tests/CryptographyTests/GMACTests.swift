import Cryptography
import Testing
import Vocabulary

@Suite("GMAC")
struct GMACTests {
  static func code(_ pieces: [[UInt8]], key: [UInt8], number: UInt64, usesLibrary: Bool = false) -> [UInt8] {
    var mac = GMAC(key: key, usesLibrary: usesLibrary)
    mac.begin(number)
    for piece in pieces { piece.withUnsafeBytes { mac.update($0) } }
    var code = [UInt8](repeating: 0, count: GMAC.byteCount)
    code.withUnsafeMutableBytes { mac.finish(to: $0.baseAddress!) }
    return code
  }

  /// Computed by Python's `cryptography` (AESGCM): the tag of nothing, with the data as associated data.
  @Test("codes are those of another implementation of AES-128-GCM", arguments: [false, true])
  func known(usesLibrary: Bool) {
    let key = [UInt8](0..<16)
    #expect(
      Self.code([], key: key, number: 0, usesLibrary: usesLibrary).hexadecimal == "7346139595c0b41e497bbde365f42d0a")
    #expect(
      Self.code([[UInt8](0..<5)], key: key, number: 1, usesLibrary: usesLibrary).hexadecimal
        == "b1227d89fa9064e6093cf92bb0e475b2")
    let long = [UInt8](repeating: 7, count: 1000)
    #expect(
      Self.code([long], key: key, number: 0x0102_0304_0506_0708, usesLibrary: usesLibrary).hexadecimal
        == "57d1d81fd2829598776e56d0fafe9965")
  }

  @Test(
    "the processor's products are GnuTLS's, of messages of every length and of long ones", .enabled(if: GMAC.isWide))
  func wide() {
    let seed = UInt64.random(in: .min ... .max)
    print("seed \(seed)")
    var random = SplitMix64(seed: seed)
    let lengths = Array(0...2200) + [4096, 65536, 65537, 1 << 20, (1 << 20) + 15]
    let bytes = (0..<(1 << 20) + 15).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    for keyNumber in 0..<3 {
      let key = (0..<GMAC.keyBytes).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      var wide = GMAC(key: key)
      var library = GMAC(key: key, usesLibrary: true)
      for length in lengths {
        let begin = length > 3000 ? 0 : Int(random.next() % 1000)
        bytes.withUnsafeBytes { bytes in
          let message = UnsafeRawBufferPointer(rebasing: bytes[begin..<(begin + length)])
          withUnsafeTemporaryAllocation(byteCount: 16, alignment: 1) { code in
            library.begin(UInt64(length))
            library.update(message)
            library.finish(to: code.baseAddress!)
            wide.begin(UInt64(length))
            wide.update(message)
            let isSame = wide.finish(matches: code.baseAddress!)
            #expect(isSame, "key \(keyNumber), \(length) bytes from \(begin)")
          }
        }
      }
    }
  }

  @Test("a message has one code, wherever it is cut", arguments: [false, true])
  func cuts(usesLibrary: Bool) {
    let seed: UInt64 = 42
    print("seed \(seed)")
    var random = SplitMix64(seed: seed)
    let message = (0..<500).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    let key = [UInt8](repeating: 3, count: GMAC.keyBytes)
    let whole = Self.code([message], key: key, number: 9)
    for _ in 0..<200 {
      let (a, b) = (Int(random.next() % 500), Int(random.next() % 500))
      let (low, high) = (min(a, b), max(a, b))
      let pieces = [Array(message[..<low]), Array(message[low..<high]), Array(message[high...])]
      #expect(Self.code(pieces, key: key, number: 9, usesLibrary: usesLibrary) == whole)
    }
  }

  @Test("another number, key or bit has another code")
  func differences() {
    let (key, message) = ([UInt8](repeating: 3, count: GMAC.keyBytes), [UInt8](repeating: 1, count: 33))
    var codes: Set<[UInt8]> = [Self.code([message], key: key, number: 0), Self.code([message], key: key, number: 1)]
    codes.insert(Self.code([message], key: [UInt8](repeating: 4, count: GMAC.keyBytes), number: 0))
    for bit in 0..<(33 * 8) {
      var changed = message
      changed[bit / 8] ^= 1 << (bit % 8)
      codes.insert(Self.code([changed], key: key, number: 0))
    }
    codes.insert(Self.code([message + [0]], key: key, number: 0))
    #expect(codes.count == 3 + 33 * 8 + 1)
  }

  @Test("a code fits its message alone")
  func matching() {
    let key = [UInt8](repeating: 3, count: GMAC.keyBytes)
    var right = Self.code([[1, 2, 3]], key: key, number: 5)
    var mac = GMAC(key: key)
    func matches(_ number: UInt64, _ mac: inout GMAC) -> Bool {
      mac.begin(number)
      [UInt8]([1, 2, 3]).withUnsafeBytes { mac.update($0) }
      return right.withUnsafeBytes { mac.finish(matches: $0.baseAddress!) }
    }
    #expect(matches(5, &mac))
    #expect(!matches(6, &mac))
    right[15] ^= 0x80
    #expect(!matches(5, &mac))
  }
}
