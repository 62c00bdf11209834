import Foundation
import Health
import Testing
import Vocabulary

@Suite("Every change detector")
struct DetectorConformanceTests {
  @Test("is silent while all values are the same", arguments: DetectorCase.all)
  func constant(detector: DetectorCase) {
    let numbers = [0, 1, -1, 0.1, 1e38, -1e300, .leastNonzeroMagnitude, 1e-200, .pi * 1e15]
    let values = detector.isForErrors ? [0, 1] : numbers
    for value in values {
      let found = changes(of: detector.fresh, in: Array(repeating: value, count: 3000))
      #expect(found.isEmpty, "\(value)")
    }
  }

  @Test("alarms on streams that stay as they are no more often than it says", arguments: DetectorCase.all)
  func falseAlarms(detector: DetectorCase) {
    let seeds = 200
    let length = 1000
    var alarms = 0
    for seed in 1...UInt64(seeds) {
      var random = SplitMix64(seed: seed)
      alarms += changes(of: detector.fresh, in: (0..<length).map { _ in detector.value(&random) }).count
    }
    // Rare events: their number has the deviation √mean; five of it are passed once in a million runs.
    let expected = detector.falseAlarmsMax * Double(seeds * length) / 10_000
    #expect(Double(alarms) <= expected + 5 * expected.squareRoot(), "\(alarms) alarms, seeds 1 … \(seeds)")
  }

  @Test("finds abrupt changes of the mean, says where to and about where they began", arguments: DetectorCase.all)
  func abrupt(detector: DetectorCase) throws {
    for shift in detector.isForErrors ? [1.5] : [3.0, -3] {
      var distances: [Int64] = []
      for seed in 1...50 as ClosedRange<UInt64> {
        var random = SplitMix64(seed: seed)
        let values = (0..<1000).map { detector.value(&random, shift: $0 < 700 ? 0 : shift) }
        let found = changes(of: detector.fresh, in: values).first { $0.noticed >= 700 }
        let change = try #require(found, "seed \(seed)")
        #expect(change.noticed <= 700 + Int64(detector.delayMax), "seed \(seed): \(change)")
        #expect(change.direction == (shift > 0 ? .up : .down), "seed \(seed): \(change)")
        #expect(change.direction == .up ? change.meanAfter > change.meanBefore : change.meanAfter < change.meanBefore)
        #expect(change.statistic >= change.threshold, "seed \(seed): \(change)")
        let began = try #require(change.began)
        #expect(began <= change.noticed)
        distances.append(abs(began - 700))
      }
      #expect(distances.sorted()[25] <= detector.estimateWithin, "seeds 1 … 50: \(distances.sorted())")
    }
  }

  @Test("goes on with the same answers when it is read back, wherever that is", arguments: DetectorCase.all)
  func roundTrip(detector: DetectorCase) throws {
    func check<Detector: ChangeDetector>(_ fresh: Detector) throws {
      for seed in 1...8 as ClosedRange<UInt64> {
        var random = SplitMix64(seed: seed)
        var one = fresh
        var other = fresh
        for index in 0..<1500 {
          let value = index % 211 == 3 ? .nan : detector.value(&random, shift: index / 400 % 2 == 0 ? 0 : 1.5)
          if index % 31 == 0 {
            let copied = try JSONDecoder().decode(Detector.self, from: try JSONEncoder().encode(other))
            #expect(copied == other, "seed \(seed), value \(index)")
            other = copied
          }
          #expect(one.add(value) == other.add(value), "seed \(seed), value \(index)")
        }
        #expect(one == other)
      }
    }
    try check(detector.fresh)
  }

  @Test("ignores what is no number, counts it, and keeps the indexes of the stream", arguments: DetectorCase.all)
  func nonFinite(detector: DetectorCase) throws {
    func check<Detector: ChangeDetector>(_ fresh: Detector) throws {
      var random = SplitMix64(seed: 5)
      let values = (0..<1000).map { detector.value(&random, shift: $0 < 700 ? 0 : 2) }
      var plain = fresh
      var disturbed = fresh
      var expected: [Change] = []
      var found: [Change] = []
      for value in values {
        for bad in [Double.nan, .infinity, -.infinity] { #expect(disturbed.add(bad) == nil) }
        if let change = plain.add(value) { expected.append(change) }
        if let change = disturbed.add(value) { found.append(change) }
      }
      #expect(!expected.isEmpty)
      #expect(disturbed.count == 4000 && disturbed.ignored == 3000)
      // Every fourth value is one of the plain stream.
      for (one, other) in zip(expected, found) {
        #expect(other.noticed == one.noticed * 4 + 3)
        #expect(other.began == one.began.map { $0 * 4 + 3 })
        #expect(other.meanAfter == one.meanAfter && other.statistic == one.statistic)
      }
      #expect(expected.count == found.count)
    }
    try check(detector.fresh)
  }

  @Test("stays finite, small and quick, whatever comes", arguments: DetectorCase.all)
  func extremes(detector: DetectorCase) throws {
    func check<Detector: ChangeDetector>(_ fresh: Detector) throws {
      let largest = Double.greatestFiniteMagnitude
      let pool = [1e38, -1e38, .leastNonzeroMagnitude, 0, 1, -1, largest, -largest, 1e-300, .nan]
      for seed in 1...10 as ClosedRange<UInt64> {
        var random = SplitMix64(seed: seed)
        var tested = fresh
        for _ in 0..<2000 {
          guard let change = tested.add(pool[Int(random.next() % UInt64(pool.count))]) else { continue }
          let numbers = [change.meanBefore, change.meanAfter, change.statistic, change.threshold]
          let areFinite = numbers.allSatisfy { $0.isFinite }
          #expect(areFinite, "seed \(seed): \(change)")
        }
        _ = try JSONDecoder().decode(Detector.self, from: try JSONEncoder().encode(tested))
      }
    }
    try check(detector.fresh)
  }

  @Test("is as large after a million values as it says", arguments: DetectorCase.all)
  func memory(detector: DetectorCase) throws {
    var random = SplitMix64(seed: 11)
    var tested = detector.sparing
    for _ in 0..<1_000_000 { _ = tested.add(detector.isForErrors ? detector.value(&random) : random.nextUnit()) }
    #expect(tested.count == 1_000_000)
    #expect(try JSONEncoder().encode(tested).count < 24_000)
  }

  @Test("refuses settings out of their ranges, and states that no stream leads to", arguments: DetectorCase.all)
  func hostile(detector: DetectorCase) throws {
    func check<Detector: ChangeDetector>(_ fresh: Detector) throws {
      var random = SplitMix64(seed: 3)
      var tested = fresh
      for index in 0..<900 { _ = tested.add(detector.value(&random, shift: index < 880 ? 0 : 1)) }
      let json = try JSONSerialization.jsonObject(with: try JSONEncoder().encode(tested))
      var refused = 0
      for place in places(in: json) {
        for bad in hostileValues {
          let data = try JSONSerialization.data(withJSONObject: replaced(json, at: place[...], by: bad))
          guard var read = try? JSONDecoder().decode(Detector.self, from: data) else {
            refused += 1
            continue
          }
          // What is not refused does no harm.
          for _ in 0..<200 { _ = read.add(detector.value(&random, shift: 1)) }
        }
      }
      #expect(refused > 20, "\(refused)")
      let negative = try JSONSerialization.data(
        withJSONObject: replaced(json, at: ["intake", "ignored"], by: 901))
      #expect(throws: DecodingError.self) { try JSONDecoder().decode(Detector.self, from: negative) }
    }
    try check(detector.fresh)
  }

  private let hostileValues: [any Sendable] = [
    -1, 0, 1, 2, 0.5, 1e300, -1e300, Int64.max, Int64.min, [Int](), [-1, -1], [String: Int](), "x",
  ]

  /// The paths of all values in it, but of long lists only the first two and the last.
  private func places(in json: Any) -> [[String]] {
    if let object = json as? [String: Any] {
      return object.flatMap { key, value in [[key]] + places(in: value).map { [key] + $0 } }
    }
    guard let list = json as? [Any] else { return [] }
    return list.indices.filter { $0 < 2 || $0 == list.count - 1 }.flatMap { place in
      [[String(place)]] + places(in: list[place]).map { [String(place)] + $0 }
    }
  }

  private func replaced(_ json: Any, at path: ArraySlice<String>, by value: Any) -> Any {
    guard let key = path.first else { return value }
    if var object = json as? [String: Any] {
      object[key] = object[key].map { replaced($0, at: path.dropFirst(), by: value) }
      return object
    }
    guard var list = json as? [Any], let place = Int(key) else { return json }
    list[place] = replaced(list[place], at: path.dropFirst(), by: value)
    return list
  }
}
