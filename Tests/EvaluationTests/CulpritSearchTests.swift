import Evaluation
import Foundation
import Testing
import Vocabulary

/// A model of harm: some records raise a measure, which sinks back as others are learned.
private struct HarmModel {
  var count: Int
  /// What each does.
  var harmful: Range<Int>
  var harm: Double
  /// Of the harm, what is left after as many sound records as there are in all.
  var lasting = 1.0
  var noise = 0.0
  /// Whatever is learned after so many records does harm.
  var persistentFrom: Int?
  private(set) var asked: [CulpritSearch.Question] = []
  var random: SplitMix64

  init(count: Int, harmful: Range<Int>, harm: Double, seed: UInt64) {
    (self.count, self.harmful, self.harm) = (count, harmful, harm)
    random = SplitMix64(seed: seed)
  }

  /// After learning records of which those in `out` are left out.
  mutating func values(_ until: Int, without out: Range<Int> = 0..<0) -> HeldOutValues {
    var level = 0.0
    let bad = harmful.clamped(to: 0..<max(until, 0))
    let learned = bad.count - bad.clamped(to: out).count
    // It saturates: the first few do most.
    if learned > 0 { level = harm * (1 - exp(-4 * Double(learned) / Double(max(1, harmful.count)))) / (1 - exp(-4)) }
    let since = max(0, until - bad.upperBound)
    level *= pow(lasting, Double(since) / Double(count))
    if let from = persistentFrom, until - out.clamped(to: from..<max(from, until)).count > from { level += harm }
    let wander = noise * (random.nextUnit() - 0.5)
    // Each record has a level of its own, the same for every model.
    return HeldOutValues((0..<200).map { 0.4 + 0.001 * Double($0) + level + wander })
  }

  func looks() -> [CulpritSearch.Look] {
    var copy = self
    let places = Set((0...CulpritSearch.looks).map { $0 * count / CulpritSearch.looks }).sorted()
    return places.map { CulpritSearch.Look(place: $0, values: copy.values($0)) }
  }

  mutating func search() -> CulpritSearch.Finding {
    let looks = looks()
    return CulpritSearch().find(looks) { question in
      asked.append(question)
      switch question {
      case .prefix(let count): return values(count)
      case .without(let out, let until): return values(until, without: out)
      case .others(let after, let until):
        guard let from = persistentFrom else { return values(after) }
        return values(until, without: 0..<min(from, after))
      }
    }
  }
}

@Suite("Search for a culprit")
struct CulpritSearchTests {
  private static let seed = UInt64.random(in: 1...(1 << 40))

  @Test("one record of any number is found, in at most twice the logarithm and two passes")
  func oneRecord() {
    print("search for a culprit: seed \(Self.seed)")
    var random = SplitMix64(seed: Self.seed)
    for number in 0..<3000 {
      let count = 1 + Int(random.next() % (number % 3 == 0 ? 64 : 60_000))
      let place = Int(random.next() % UInt64(count))
      var model = HarmModel(count: count, harmful: place..<(place + 1), harm: 0.3, seed: random.next())
      model.noise = 0.01
      let finding = model.search()
      #expect(finding.records == place..<(place + 1), "\(place) of \(count), seed \(Self.seed)")
      #expect(finding.verdict == .input, "\(place) of \(count), seed \(Self.seed)")
      #expect(Double(finding.passes) <= 2 * log2(Double(count)) + 2, "\(finding.passes) passes of \(count)")
      #expect(finding.passes == 1 + model.asked.count)
    }
  }

  @Test("a stretch is found by its two ends, whether its harm lasts or heals")
  func stretches() {
    var random = SplitMix64(seed: Self.seed &+ 1)
    for _ in 0..<1000 {
      let count = 2000 + Int(random.next() % 60_000)
      let length = 1 + Int(random.next() % UInt64(count / 4))
      let place = Int(random.next() % UInt64(count - length))
      var model = HarmModel(count: count, harmful: place..<(place + length), harm: 0.4, seed: random.next())
      (model.noise, model.lasting) = (0.005, 0.05 + 0.95 * random.nextUnit())
      let finding = model.search()
      let found = finding.records ?? 0..<0
      let common = found.clamped(to: model.harmful).count
      // Nothing sound is blamed but for what cannot be told apart, and what did most of it is in it.
      #expect(
        Double(common) >= 0.9 * Double(found.count) - 1 && Double(common) >= 0.1 * Double(length) && common > 0,
        "\(model.harmful) of \(count): \(finding), seed \(Self.seed)")
      #expect(Double(finding.passes) <= 2 * log2(Double(count)) + 2)
    }
  }

  @Test("what does not stand out from noise is not blamed on anybody")
  func noHarm() {
    var random = SplitMix64(seed: Self.seed &+ 2)
    for _ in 0..<500 {
      var model = HarmModel(count: 10_000, harmful: 0..<0, harm: 0, seed: random.next())
      model.noise = 0.05
      let finding = model.search()
      #expect(finding.verdict == .transient && finding.records == nil && finding.passes == 1, "seed \(Self.seed)")
    }
  }

  @Test("a measure that wanders and comes back has no culprit in 99 of 100 windows")
  func wandering() {
    var random = SplitMix64(seed: Self.seed &+ 3)
    var named = 0
    for _ in 0..<500 {
      var level = 0.0
      let looks = (0...CulpritSearch.looks).map { place in
        level = 0.7 * level + 0.02 * (0..<6).reduce(0) { sum, _ in sum + random.nextUnit() - 0.5 }
        return CulpritSearch.Look(
          place: place * 100, values: HeldOutValues((0..<200).map { 0.5 + 0.001 * Double($0) + level }))
      }
      if CulpritSearch().find(looks, ask: { _ in looks[0].values }).verdict != .transient { named += 1 }
    }
    #expect(named <= 5, "\(named) of 500, seed \(Self.seed)")
  }

  @Test("what the measure does by itself elsewhere is no harm, and what lasts longer and is larger is")
  func apart() {
    var means = (0...CulpritSearch.looks).map { 0.5 + 0.004 * Double($0 % 3) }
    for storm in [6, 19, 33, 58] { means[storm] += 0.1 }
    func find() -> CulpritSearch.Finding {
      let looks = means.enumerated().map { place, mean in
        CulpritSearch.Look(place: place, values: HeldOutValues((0..<200).map { mean + 0.001 * Double($0) }))
      }
      return CulpritSearch().find(looks) { question in
        switch question {
        case .prefix(let count): looks[count].values
        case .without, .others: looks[40].values
        }
      }
    }
    #expect(find().verdict == .transient && abs(find().elsewhere - 0.1) < 0.02)
    for place in 41..<45 { means[place] += 0.15 }
    #expect(find().verdict == .input && find().records?.lowerBound == 40)
  }

  @Test("where other records do it too, no record is to blame; a bad feed to the end is told apart from that")
  func persistent() {
    var model = HarmModel(count: 5000, harmful: 0..<0, harm: 0.5, seed: 7)
    model.persistentFrom = 3100
    let finding = model.search()
    #expect(finding.verdict == .persistent && finding.records?.lowerBound == 3100)
    var feed = HarmModel(count: 5000, harmful: 3100..<5000, harm: 0.5, seed: 7)
    #expect(feed.search().verdict == .input)
  }

  @Test("harm that was there before the first record is an earlier step's")
  func earlier() {
    var model = HarmModel(count: 5000, harmful: 0..<0, harm: 0, seed: 3)
    model.noise = 0.001
    let looks = model.looks()
    let past = HeldOutValues(looks[0].values.values.map { $0 - 0.2 })
    let finding = CulpritSearch().find(looks, earlier: [past]) { _ in looks[0].values }
    #expect(finding.verdict == .earlier && abs(finding.rise - 0.2) < 0.01 && finding.records == nil)
    #expect(CulpritSearch().find(looks, earlier: [looks[1].values]) { _ in looks[0].values }.verdict == .transient)
  }

  @Test("a model that has no number any more is harmed, whatever the others are")
  func numbers() {
    var values = HeldOutValues([0.5, 0.6, .nan])
    #expect(values.mean == 0.55 && values.count == 2)
    #expect(HeldOutValues([0.6, .infinity, 1]).rise(over: values).mean == .infinity)
    values = HeldOutValues([0.5])
    #expect(HeldOutValues([0.7]).rise(over: values).error == .infinity)
  }
}
