import Foundation
import Ingest
import Pipelines
import Testing
import Vocabulary

@Suite("Numbers")
struct NumberTests {
  private func expect(_ text: String, _ harness: DecoderHarness) {
    let expected = Float(strtod(text, nil))
    let outcome = harness.decode("{\"a\":\(text)}")
    #expect(outcome == .example, "\(text)")
    #expect(harness.numbers[0].bitPattern == expected.bitPattern, "\(text): \(harness.numbers[0]), not \(expected)")
  }

  @Test("a number is the nearest double, rounded to float: whatever its length and form")
  func random() {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("seed \(seed)")
    var random = SplitMix64(seed: seed)
    let harness = DecoderHarness(.one(.float))
    for _ in 0..<40_000 {
      var text = random.next() % 2 == 0 ? "-" : ""
      let digits = { (random: inout SplitMix64, most: UInt64) -> String in
        String((0..<(1 + random.next() % most)).map { _ in Character(String(random.next() % 10)) })
      }
      let most = [3, 8, 9, 17, 25][Int(random.next() % 5)] as UInt64
      let whole = digits(&random, most)
      text +=
        random.next() % 3 == 0 ? "0" : String(whole.drop { $0 == "0" }) + (whole.allSatisfy { $0 == "0" } ? "0" : "")
      if random.next() % 4 != 0 { text += "." + digits(&random, most) }
      if random.next() % 4 == 0 {
        text +=
          ["e", "E"][Int(random.next() % 2)] + ["", "+", "-"][Int(random.next() % 3)] + String(random.next() % 20)
      }
      if abs(strtod(text, nil)) > Double(Float.greatestFiniteMagnitude) { continue }
      expect(text, harness)
    }
  }

  @Test("every float written in nine digits comes back, and so does a double in seventeen")
  func roundTrip() {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("seed \(seed)")
    var random = SplitMix64(seed: seed)
    let harness = DecoderHarness(.one(.float))
    for _ in 0..<20_000 {
      let value = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
      guard value.isFinite else { continue }
      expect(String(format: "%.9g", Double(value)), harness)
      #expect(harness.numbers[0].bitPattern == value.bitPattern)
      expect(String(format: "%.17g", (random.nextUnit() - 0.5) * 2000), harness)
    }
  }

  @Test("numbers right at half of a float's last place are rounded as doubles are")
  func halfWay() {
    let harness = DecoderHarness(.one(.float))
    var random = SplitMix64(seed: 5)
    for _ in 0..<5000 {
      // The middle between two floats is a double; its neighbours are the hardest cases.
      let float = Float(random.nextUnit() * 1000)
      let middle = (Double(float) + Double(float.nextUp)) / 2
      for value in [middle, middle.nextUp, middle.nextDown] {
        expect(String(format: "%.17g", value), harness)
        expect(String(format: "%.25g", value), harness)
      }
    }
  }

  @Test(
    "the ends of what a float and a double hold",
    arguments: [
      "0", "-0", "0.0", "-0.0e0", "1e-400", "-1e-400", "5e-324", "1e-46", "1.4e-45", "1.1754943e-38", "3.4028234e38",
      "340282346638528859811704183484516925440", "0.00000000000000000000000000000000000000000001e40", "12345678",
      "1234567.8", "0.1234567", "0.12345678", "99999999", "100000000", "123456789012345678", "1234567890123456789",
      "12345678901234567890", "9007199254740993", "0.000000000000000000000001", "1E5", "1e+5", "16777217", "33554435",
    ])
  func ends(text: String) {
    expect(text, DecoderHarness(.one(.float)))
  }

  @Test("a range decides on the exact value, however many digits it is written with")
  func exactRange() {
    let harness = DecoderHarness(
      .one(.float) {
        $0.clip = 0.1...0.7
        $0.outOfRange = .reject
      })
    for bound in [0.1, 0.7] {
      for value in [bound.nextDown, bound, bound.nextUp] {
        let outcome = harness.decode("{\"a\":\(String(format: "%.17g", value))}")
        #expect((outcome == .example) == (0.1...0.7).contains(value), "\(value)")
      }
    }
  }
}
