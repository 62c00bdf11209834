import Vocabulary

/// What is kept of binary predictions beside the loss; each record counts with its weight.
struct BinaryTally: Sendable, Hashable, Codable {
  /// Bins of equal width in probability for the calibration error.
  static let binCount = 20

  private(set) var scores = ScoreHistogram()
  private(set) var positives = 0.0
  private(set) var correct = 0.0
  private(set) var squaredErrorSum = 0.0
  private(set) var binCounts = [Double](repeating: 0, count: binCount)
  private(set) var binPositives = [Double](repeating: 0, count: binCount)
  private(set) var binProbabilitySums = [Double](repeating: 0, count: binCount)

  mutating func add(_ probability: Double, isPositive: Bool, weight: Double = 1) {
    scores.add(probability, isPositive: isPositive, weight: weight)
    if isPositive { positives += weight }
    if (probability >= 0.5) == isPositive { correct += weight }
    let error = probability - (isPositive ? 1 : 0)
    squaredErrorSum += weight * error * error
    let bin = min(max(Int(probability * Double(Self.binCount)), 0), Self.binCount - 1)
    binCounts[bin] += weight
    binProbabilitySums[bin] += weight * probability
    if isPositive { binPositives[bin] += weight }
  }

  mutating func merge(_ other: BinaryTally) {
    scores.merge(other.scores)
    positives += other.positives
    correct += other.correct
    squaredErrorSum += other.squaredErrorSum
    for bin in 0..<Self.binCount {
      binCounts[bin] += other.binCounts[bin]
      binPositives[bin] += other.binPositives[bin]
      binProbabilitySums[bin] += other.binProbabilitySums[bin]
    }
  }

  /// Expected calibration error: the distance between mean probability and share of positives, averaged over bins by
  /// count.
  ///
  /// - Source: Naeini, Cooper & Hauskrecht 2015.
  var calibrationError: Double? {
    let weight = binCounts.reduce(0, +)
    guard weight > 0 else { return nil }
    let distances = (0..<Self.binCount).reduce(0.0) { $0 + abs(binProbabilitySums[$1] - binPositives[$1]) }
    return distances / weight
  }

  /// The bins that have records, in the order of their probability.
  var calibrationBands: [CalibrationBand] {
    (0..<Self.binCount).filter { binCounts[$0] > 0 }.map { bin in
      CalibrationBand(
        from: Double(bin) / Double(Self.binCount), to: Double(bin + 1) / Double(Self.binCount),
        records: binCounts[bin], predicted: binProbabilitySums[bin] / binCounts[bin],
        observed: binPositives[bin] / binCounts[bin])
    }
  }

  func encode(into writer: inout CompactWriter, areWhole: Bool) {
    scores.encode(into: &writer, areWhole: areWhole)
    writer.write(tally: positives, isWhole: areWhole)
    writer.write(tally: correct, isWhole: areWhole)
    writer.write(squaredErrorSum)
    for bin in 0..<Self.binCount {
      writer.write(tally: binCounts[bin], isWhole: areWhole)
      writer.write(tally: binPositives[bin], isWhole: areWhole)
      writer.write(binProbabilitySums[bin])
    }
  }

  init() {}

  init(decoding reader: inout CompactReader, areWhole: Bool) throws {
    scores = try ScoreHistogram(decoding: &reader, areWhole: areWhole)
    positives = try reader.readTally(isWhole: areWhole)
    correct = try reader.readTally(isWhole: areWhole)
    squaredErrorSum = try reader.readDouble()
    for bin in 0..<Self.binCount {
      binCounts[bin] = try reader.readTally(isWhole: areWhole)
      binPositives[bin] = try reader.readTally(isWhole: areWhole)
      binProbabilitySums[bin] = try reader.readDouble()
    }
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    scores = try container.decode(ScoreHistogram.self, forKey: .scores)
    positives = try container.decode(Double.self, forKey: .positives)
    correct = try container.decode(Double.self, forKey: .correct)
    squaredErrorSum = try container.decode(Double.self, forKey: .squaredErrorSum)
    binCounts = try container.decode([Double].self, forKey: .binCounts)
    binPositives = try container.decode([Double].self, forKey: .binPositives)
    binProbabilitySums = try container.decode([Double].self, forKey: .binProbabilitySums)
    guard
      [binCounts.count, binPositives.count, binProbabilitySums.count] == [Self.binCount, Self.binCount, Self.binCount]
    else {
      throw DecodingError.dataCorruptedError(
        forKey: .binCounts, in: container, debugDescription: "not \(Self.binCount) bins")
    }
  }
}
