import Cryptography
import Testing

@Suite("Digests")
struct DigestTests {
  /// FIPS 180-4 examples.
  static let vectors: [(text: String, digest: String)] = [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ]

  @Test("SHA-256 agrees with the standard's examples", arguments: vectors)
  func standardDigests(vector: (text: String, digest: String)) {
    #expect(SHA256.digest(of: vector.text).hexadecimal == vector.digest)
    #expect(SHA256.digest(of: Array(vector.text.utf8)).hexadecimal == vector.digest)
  }

  @Test("a million a's in uneven pieces digest as the standard says")
  func incrementalDigest() {
    var hash = SHA256()
    var left = 1_000_000
    var piece = 1
    while left > 0 {
      let count = min(piece, left)
      hash.update([UInt8](repeating: UInt8(ascii: "a"), count: count))
      left -= count
      piece = piece * 3 % 4099 + 1
    }
    let expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    #expect(hash.finish().hexadecimal == expected)
  }

  /// RFC 4231, test cases 1, 2, 3, 4, 6 and 7.
  static let codes: [(key: [UInt8], text: [UInt8], code: String)] = [
    (
      [UInt8](repeating: 0x0b, count: 20), Array("Hi There".utf8),
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    ),
    (
      Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    ),
    (
      [UInt8](repeating: 0xaa, count: 20), [UInt8](repeating: 0xdd, count: 50),
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
    ),
    (
      Array(1...25), [UInt8](repeating: 0xcd, count: 50),
      "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
    ),
    (
      [UInt8](repeating: 0xaa, count: 131), Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    ),
    (
      [UInt8](repeating: 0xaa, count: 131),
      Array(
        ("This is a test using a larger than block-size key and a larger than block-size data. "
          + "The key needs to be hashed before being used by the HMAC algorithm.").utf8),
      "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
    ),
  ]

  @Test("HMAC-SHA-256 agrees with RFC 4231", arguments: codes)
  func standardCodes(vector: (key: [UInt8], text: [UInt8], code: String)) {
    #expect(HMACSHA256.code(of: vector.text, key: vector.key).hexadecimal == vector.code)
  }

  @Test("pieces and the whole have one code")
  func incrementalCode() {
    let key: [UInt8] = [1, 2, 3]
    var code = HMACSHA256(key: key)
    code.update([4, 5])
    code.update([])
    code.update([6])
    #expect(code.finish() == HMACSHA256.code(of: [4, 5, 6], key: key))
  }
}
