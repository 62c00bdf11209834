import Vocabulary

/// What is kept of multiclass predictions beside the loss.
struct ClassTally: Sendable, Hashable, Codable {
  /// Records of each class.
  private(set) var counts: [Int64]
  private(set) var correct: Int64 = 0

  init(classes: Int) { counts = Array(repeating: 0, count: classes) }

  mutating func add(label: Int, predicted: Int) {
    counts[label] += 1
    if label == predicted { correct += 1 }
  }

  mutating func merge(_ other: ClassTally) {
    precondition(counts.count == other.counts.count, "\(counts.count) classes meet \(other.counts.count)")
    for place in counts.indices { counts[place] += other.counts[place] }
    correct += other.correct
  }

  func encode(into writer: inout CompactWriter) {
    writer.write(counts: counts)
    writer.write(count: correct)
  }

  init(decoding reader: inout CompactReader, classes: Int) throws {
    counts = try reader.readCounts(elementsMax: classes)
    guard counts.count == classes else { throw reader.damage("counts \(counts.count) classes, not \(classes)") }
    correct = try reader.readCount()
  }
}
