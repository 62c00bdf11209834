import Foundation
import JSON
import Testing
import Vocabulary

@Suite("Numbers of JSON")
struct JSONScannerTests {
  func number(_ text: String) throws -> Double {
    try Array(text.utf8).withUnsafeBytes { bytes in
      var scanner = JSONScanner(bytes)
      let value = try scanner.number().value
      try scanner.end()
      return value
    }
  }

  @Test("every number is read as the nearest double")
  func nearest() throws {
    let seed: UInt64 = 42
    print("seed \(seed)")
    var random = SplitMix64(seed: seed)
    for _ in 0..<20_000 {
      let digits = String(random.next() >> (random.next() % 60))
      let fraction = random.next() % 3 == 0 ? "" : "." + String(random.next() >> (random.next() % 60))
      let exponent = random.next() % 2 == 0 ? "" : "e\(Int(random.next() % 700) - 350)"
      let text = (random.next() % 2 == 0 ? "-" : "") + digits + fraction + exponent
      #expect(try number(text).bitPattern == strtod(text, nil).bitPattern, "\(text)")
    }
    for text in ["0", "-0", "0.0", "1e22", "1e23", "9007199254740993", "123456789012345678901234567890", "0.000e5"] {
      #expect(try number(text).bitPattern == strtod(text, nil).bitPattern, "\(text)")
    }
    // Of all lengths around where one division is enough, and where digits run over.
    for digits in 1...22 {
      for point in 0...digits {
        for sign in ["", "-"] {
          var text = String((0..<digits).map { _ in Character("\(Int.random(in: 1...9, using: &random))") })
          if point < digits, point > 0 { text.insert(".", at: text.index(text.startIndex, offsetBy: point)) }
          text = sign + text
          #expect(try number(text).bitPattern == strtod(text, nil).bitPattern, "\(text)")
        }
      }
    }
    #expect(try number("-0").sign == .minus && number("-0") == 0 && number("0.000") == 0)
    #expect(try number("1e999") == .infinity)
    #expect(try number("-1e99999999999999999999") == -.infinity)
    #expect(try number("0e99999999999999999999") == 0)
    #expect(try number("1e-99999999999999999999") == 0)
  }

  @Test(
    "what is not a number is refused", arguments: ["", "-", ".5", "1.", "1e", "1e+", "+1", "01", "0x1", "--1", "1 2"])
  func refusals(text: String) { #expect(throws: (any Error).self) { _ = try number(text) } }
}
