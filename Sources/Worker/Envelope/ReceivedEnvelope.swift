package import Health
import Vocabulary

/// An envelope as it came from a rank; its pointers live as long as the exchange's body.
package struct ReceivedEnvelope {
  package let flags: StepFlags
  package let step: Int64
  /// The version that serves, as the rank knows it; 0: none of those it asks.
  package let serving: Int64
  package let savedStep: Int64
  package let lossSum: Double
  package let digest: UInt64
  package let rateScale: Double
  package let shareCount: Int
  package let rowCount: Int
  package let outputCount: Int
  package let headCount: Int
  package let labels: UnsafeRawBufferPointer
  /// [versions × rows], of 4 bytes each.
  private let frozenLosses: UnsafeRawBufferPointer
  package let versionCount: Int
  package let outputs: UnsafeRawBufferPointer
  /// Of 8 bytes a row.
  package let losses: UnsafeRawBufferPointer
  /// One a row; nil: each counts 1.
  package let weights: UnsafeRawBufferPointer?
  private let sections: SectionReader
  private let shares: UnsafeRawBufferPointer

  private static let headStride = 12
  private static let factStride = 20
  private static let shareStride = MemoryLayout<PartitionShare>.size + StepEnvelope.reasonCount * 8

  /// - Throws: `EnvelopeError` for anything that this binary would not have written, every size checked before it is used.
  package init(_ bytes: UnsafeRawBufferPointer, outputCount expected: Int) throws {
    do {
      sections = try SectionReader(bytes, magic: StepEnvelope.magic, kinds: EnvelopeSection.allCases.count)
    } catch { throw EnvelopeError.notAnEnvelope(error) }
    guard sections[EnvelopeSection.step].count == 56 else { throw EnvelopeError.sizesDisagree(section: "flags") }
    var reader = ByteReader(sections[EnvelopeSection.step])
    flags = StepFlags(rawValue: try reader.read())
    outputCount = Int(try reader.read(UInt32.self))
    step = try reader.read()
    serving = try reader.read()
    savedStep = try reader.read()
    lossSum = Double(bitPattern: try reader.read())
    digest = try reader.read()
    rateScale = Double(bitPattern: try reader.read())
    guard rateScale > 0, rateScale <= 1 else { throw EnvelopeError.sizesDisagree(section: "flags") }
    guard outputCount == expected else { throw EnvelopeError.otherModel(outputs: outputCount, expected: expected) }

    shares = sections[EnvelopeSection.shares]
    let heads = sections[EnvelopeSection.heads]
    guard shares.count.isMultiple(of: Self.shareStride) else { throw EnvelopeError.sizesDisagree(section: "shares") }
    guard heads.count.isMultiple(of: Self.headStride) else { throw EnvelopeError.sizesDisagree(section: "heads") }
    (shareCount, headCount) = (shares.count / Self.shareStride, heads.count / Self.headStride)

    let rows = sections[EnvelopeSection.rows]
    let versions = sections[EnvelopeSection.versions]
    guard versions.count.isMultiple(of: 8), versions.count <= 8 * FrozenVersions.countMax else {
      throw EnvelopeError.sizesDisagree(section: "versions")
    }
    versionCount = versions.count / 8
    let ahead = 1 + versionCount
    let rowBytes = 4 * (ahead + expected) + 8
    guard rows.count.isMultiple(of: rowBytes) else { throw EnvelopeError.sizesDisagree(section: "rows") }
    rowCount = rows.count / rowBytes
    labels = UnsafeRawBufferPointer(rebasing: rows[..<(rowCount * 4)])
    frozenLosses = UnsafeRawBufferPointer(rebasing: rows[(rowCount * 4)..<(rowCount * 4 * ahead)])
    let behindOutputs = rowCount * 4 * (ahead + expected)
    outputs = UnsafeRawBufferPointer(rebasing: rows[(rowCount * 4 * ahead)..<behindOutputs])
    losses = UnsafeRawBufferPointer(rebasing: rows[behindOutputs...])
    let weighed = sections[EnvelopeSection.weights]
    let sums = 8 * (1 + headCount)
    guard weighed.isEmpty || weighed.count == sums + 4 * rowCount else {
      throw EnvelopeError.sizesDisagree(section: "weights")
    }
    weights = weighed.isEmpty ? nil : UnsafeRawBufferPointer(rebasing: weighed[sums...])
    guard facts.count.isMultiple(of: Self.factStride) else { throw EnvelopeError.sizesDisagree(section: "facts") }
    guard partSums.isEmpty || partSums.count == shareCount * MemoryLayout<PartSum>.stride else {
      throw EnvelopeError.sizesDisagree(section: "sums")
    }
    guard relearnedBytes.isEmpty || relearnedBytes.count == 24 else {
      throw EnvelopeError.sizesDisagree(section: "losses")
    }
    try checkShares()
  }

  /// Partitions ascend, and their rows are those that came.
  private func checkShares() throws {
    var (rows, previous) = (0, Int32(-1))
    for place in 0..<shareCount {
      let share = share(place)
      guard share.partition > previous else { throw EnvelopeError.partitionsDisordered(partition: share.partition) }
      previous = share.partition
      rows += Int(share.rows)
    }
    guard rows == rowCount else { throw EnvelopeError.sizesDisagree(section: "rows") }
  }

  package func version(_ place: Int) -> Int64 {
    sections[EnvelopeSection.versions].loadUnaligned(fromByteOffset: 8 * place, as: Int64.self)
  }

  /// Where a version stands among those of the envelope; nil: it was not asked.
  package func place(of version: Int64) -> Int? { (0..<versionCount).first { self.version($0) == version } }

  /// Of a version, 4 bytes a row.
  package func frozenLosses(_ place: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: frozenLosses[(4 * rowCount * place)..<(4 * rowCount * (place + 1))])
  }

  var skips: UnsafeRawBufferPointer { sections[EnvelopeSection.skips] }
  private var partSums: UnsafeRawBufferPointer { sections[EnvelopeSection.partSums] }
  package var hasPartSums: Bool { !partSums.isEmpty }

  /// What the rows of a share gave, where sums are by partition.
  package func partSum(_ place: Int) -> PartSum? {
    guard hasPartSums, place < shareCount else { return nil }
    return partSums.loadUnaligned(fromByteOffset: place * MemoryLayout<PartSum>.stride, as: PartSum.self)
  }

  private var relearnedBytes: UnsafeRawBufferPointer { sections[EnvelopeSection.relearned] }

  /// What the rank's records lost once more, where it is gathered.
  package var relearned: LearnedLoss {
    func value(_ place: Int) -> Int64 { relearnedBytes.loadUnaligned(fromByteOffset: 8 * place, as: Int64.self) }
    return relearnedBytes.isEmpty
      ? LearnedLoss() : LearnedLoss(records: value(0), before: value(1), after: value(2))
  }

  /// `LayerHealth`, where it is gathered.
  package var health: UnsafeRawBufferPointer { sections[EnvelopeSection.health] }
  /// `RowSample`, where it is gathered.
  package var sample: UnsafeRawBufferPointer { sections[EnvelopeSection.sample] }
  /// `LayerCost`, where it is gathered.
  package var costs: UnsafeRawBufferPointer { sections[EnvelopeSection.costs] }
  /// The learner's attachment.
  package var learner: UnsafeRawBufferPointer { sections[EnvelopeSection.learner] }
  var facts: UnsafeRawBufferPointer { sections[EnvelopeSection.facts] }
  var slices: UnsafeRawBufferPointer { sections[EnvelopeSection.slices] }
  var classes: UnsafeRawBufferPointer { sections[EnvelopeSection.classes] }
  var notices: UnsafeRawBufferPointer { sections[EnvelopeSection.notices] }

  /// - Parameter place: The head's, counted from the second one as 0.
  package func headLoss(_ place: Int) -> (records: Int64, lossSum: Double) {
    let heads = sections[EnvelopeSection.heads]
    let start = place * Self.headStride
    return (
      Int64(heads.loadUnaligned(fromByteOffset: start, as: UInt32.self)),
      Double(bitPattern: heads.loadUnaligned(fromByteOffset: start + 4, as: UInt64.self))
    )
  }

  /// Sum of the labelled rows' weights: their number, where records have none.
  package var weight: Double {
    weights == nil ? (0..<shareCount).reduce(0) { $0 + Double(share($1).trained) } : weightSum(0)
  }

  /// The same of a further head's rows; nil where records have none.
  ///
  /// - Parameter place: The head's, counted from the second one as 0.
  package func headWeight(_ place: Int) -> Double? { weights == nil ? nil : weightSum(1 + place) }

  private func weightSum(_ place: Int) -> Double {
    Double(bitPattern: sections[EnvelopeSection.weights].loadUnaligned(fromByteOffset: place * 8, as: UInt64.self))
  }

  package func share(_ place: Int) -> PartitionShare {
    shares.loadUnaligned(fromByteOffset: place * Self.shareStride, as: PartitionShare.self)
  }

  package func rejected(_ place: Int, reason: Int) -> Int64 {
    shares.loadUnaligned(
      fromByteOffset: place * Self.shareStride + MemoryLayout<PartitionShare>.size + reason * 8, as: Int64.self)
  }
}
