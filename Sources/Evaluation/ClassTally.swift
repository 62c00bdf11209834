import Vocabulary

/// What is kept of multiclass predictions beside the loss; each record counts with its weight.
struct ClassTally: Sendable, Hashable, Codable {
  /// Records of each class.
  private(set) var counts: [Double]
  private(set) var correct = 0.0
  /// The same, and how often each class was predicted and rightly so, since these three are counted together.
  private var labelled: [Double]
  private var predicted: [Double]
  private var hits: [Double]

  init(classes: Int) {
    counts = Array(repeating: 0, count: classes)
    (labelled, predicted, hits) = (counts, counts, counts)
  }

  mutating func add(label: Int, predicted: Int, weight: Double = 1) {
    counts[label] += weight
    labelled[label] += weight
    self.predicted[predicted] += weight
    guard label == predicted else { return }
    correct += weight
    hits[label] += weight
  }

  /// The same of another number of classes; nil: one that goes has been seen.
  func with(classes: Int) -> ClassTally? {
    func fit(_ counts: [Double]) -> [Double]? {
      guard counts.dropFirst(classes).allSatisfy({ $0 == 0 }) else { return nil }
      return Array(counts.prefix(classes)) + [Double](repeating: 0, count: max(0, classes - counts.count))
    }
    guard let counts = fit(counts), let labelled = fit(labelled), let predicted = fit(predicted), let hits = fit(hits)
    else { return nil }
    var tally = self
    (tally.counts, tally.labelled, tally.predicted, tally.hits) = (counts, labelled, predicted, hits)
    return tally
  }

  mutating func merge(_ other: ClassTally) {
    precondition(counts.count == other.counts.count, "\(counts.count) classes meet \(other.counts.count)")
    for place in counts.indices {
      counts[place] += other.counts[place]
      labelled[place] += other.labelled[place]
      predicted[place] += other.predicted[place]
      hits[place] += other.hits[place]
    }
    correct += other.correct
  }

  var classes: Int { counts.count }

  /// Mean of 2·hits / (labelled + predicted) over the classes where that is not 0 / 0; nil where there is none.
  var macroF1: Double? {
    let scores = counts.indices.compactMap { place -> Double? in
      let whole = labelled[place] + predicted[place]
      return whole > 0 ? 2 * hits[place] / whole : nil
    }
    return scores.isEmpty ? nil : scores.reduce(0, +) / Double(scores.count)
  }

  func encode(into writer: inout CompactWriter, areWhole: Bool) {
    writer.write(tallies: counts, areWhole: areWhole)
    writer.write(tally: correct, isWhole: areWhole)
    for part in [labelled, predicted, hits] { writer.write(tallies: part, areWhole: areWhole) }
  }

  /// The tally comes last in the bytes of metrics; those of an older program end before what F1 needs.
  init(decoding reader: inout CompactReader, classes: Int, areWhole: Bool) throws {
    self.init(classes: classes)
    func read() throws -> [Double] {
      let counts = try reader.readTallies(elementsMax: classes, areWhole: areWhole)
      guard counts.count == classes else { throw reader.damage("counts \(counts.count) classes, not \(classes)") }
      return counts
    }
    counts = try read()
    correct = try reader.readTally(isWhole: areWhole)
    guard reader.remaining > 0 else { return }
    labelled = try read()
    predicted = try read()
    hits = try read()
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    counts = try container.decode([Double].self, forKey: .counts)
    correct = try container.decode(Double.self, forKey: .correct)
    let none = [Double](repeating: 0, count: counts.count)
    labelled = try container.decodeIfPresent([Double].self, forKey: .labelled) ?? none
    predicted = try container.decodeIfPresent([Double].self, forKey: .predicted) ?? none
    hits = try container.decodeIfPresent([Double].self, forKey: .hits) ?? none
    guard Set([counts.count, labelled.count, predicted.count, hits.count]).count == 1 else {
      throw DecodingError.dataCorruptedError(
        forKey: .counts, in: container, debugDescription: "counts of different numbers of classes")
    }
  }
}
