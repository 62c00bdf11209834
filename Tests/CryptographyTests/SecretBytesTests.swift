import Cryptography
import Testing

@Suite("Secret bytes")
struct SecretBytesTests {
  @Test("random bytes come in the asked number and never twice")
  func randomness() {
    for count in [0, 1, 32, 4096] { #expect(randomBytes(count).count == count) }
    #expect(Set((0..<100).map { _ in randomBytes(16) }).count == 100)
  }

  @Test("comparison sees every difference of bytes and of length")
  func comparison() {
    let secret = randomBytes(32)
    #expect(equalInConstantTime(secret, secret))
    #expect(equalInConstantTime([], []))
    #expect(!equalInConstantTime(secret, Array(secret.dropLast())))
    for place in secret.indices {
      var other = secret
      other[place] ^= 1
      #expect(!equalInConstantTime(secret, other))
    }
  }

  @Test("hexadecimal text goes both ways and refuses what is not hexadecimal")
  func hexadecimal() {
    let bytes = Array(UInt8.min...UInt8.max)
    #expect([UInt8](hexadecimal: bytes.hexadecimal) == bytes)
    #expect([UInt8](hexadecimal: "00fFA0") == [0, 255, 160])
    #expect([UInt8](hexadecimal: "") == [])
    for wrong in ["0", "0g", "é0", " 00"] { #expect([UInt8](hexadecimal: wrong) == nil) }
  }
}
