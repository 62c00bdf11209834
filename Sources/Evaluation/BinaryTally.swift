import Vocabulary

/// What is kept of binary predictions beside the loss.
struct BinaryTally: Sendable, Hashable, Codable {
  /// Bins of equal width in probability for the calibration error.
  static let binCount = 20

  private(set) var scores = ScoreHistogram()
  private(set) var positives: Int64 = 0
  private(set) var correct: Int64 = 0
  private(set) var squaredErrorSum = 0.0
  private(set) var binCounts = [Int64](repeating: 0, count: binCount)
  private(set) var binPositives = [Int64](repeating: 0, count: binCount)
  private(set) var binProbabilitySums = [Double](repeating: 0, count: binCount)

  mutating func add(_ probability: Double, isPositive: Bool) {
    scores.add(probability, isPositive: isPositive)
    if isPositive { positives += 1 }
    if (probability >= 0.5) == isPositive { correct += 1 }
    let error = probability - (isPositive ? 1 : 0)
    squaredErrorSum += error * error
    let bin = min(max(Int(probability * Double(Self.binCount)), 0), Self.binCount - 1)
    binCounts[bin] += 1
    binProbabilitySums[bin] += probability
    if isPositive { binPositives[bin] += 1 }
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
    let records = binCounts.reduce(0, +)
    guard records > 0 else { return nil }
    let distances = (0..<Self.binCount).reduce(0.0) { $0 + abs(binProbabilitySums[$1] - Double(binPositives[$1])) }
    return distances / Double(records)
  }

  func encode(into writer: inout CompactWriter) {
    scores.encode(into: &writer)
    writer.write(count: positives)
    writer.write(count: correct)
    writer.write(squaredErrorSum)
    for bin in 0..<Self.binCount {
      writer.write(count: binCounts[bin])
      writer.write(count: binPositives[bin])
      writer.write(binProbabilitySums[bin])
    }
  }

  init() {}

  init(decoding reader: inout CompactReader) throws {
    scores = try ScoreHistogram(decoding: &reader)
    positives = try reader.readCount()
    correct = try reader.readCount()
    squaredErrorSum = try reader.readDouble()
    for bin in 0..<Self.binCount {
      binCounts[bin] = try reader.readCount()
      binPositives[bin] = try reader.readCount()
      binProbabilitySums[bin] = try reader.readDouble()
    }
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    scores = try container.decode(ScoreHistogram.self, forKey: .scores)
    positives = try container.decode(Int64.self, forKey: .positives)
    correct = try container.decode(Int64.self, forKey: .correct)
    squaredErrorSum = try container.decode(Double.self, forKey: .squaredErrorSum)
    binCounts = try container.decode([Int64].self, forKey: .binCounts)
    binPositives = try container.decode([Int64].self, forKey: .binPositives)
    binProbabilitySums = try container.decode([Double].self, forKey: .binProbabilitySums)
    guard
      [binCounts.count, binPositives.count, binProbabilitySums.count] == [Self.binCount, Self.binCount, Self.binCount]
    else {
      throw DecodingError.dataCorruptedError(
        forKey: .binCounts, in: container, debugDescription: "not \(Self.binCount) bins")
    }
  }
}
