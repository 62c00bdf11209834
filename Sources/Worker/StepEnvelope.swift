import Learning
import Vocabulary

/// What each rank attaches to the all-reduce of a step (design D2): where its partitions stand, what became of every
/// record, and each row's label and prediction, so that all ranks account for the step alike with no extra round trip.
///
/// Layout, little-endian: header · one `PartitionShare` a partition · rows in the order of the shares · health (when
/// gathered) · the learner's attachment.
package struct StepEnvelope {
  package static let magic: UInt32 = 0x3345_5452  // "RTE3"
  package static let reasonCount = RejectReason.allCases.count

  package var flags: StepFlags = []
  /// The step this is about, so that ranks that lost each other never mix two.
  package var step: Int64 = 0
  /// The stable version that the rows' `stableLosses` come from; 0: none.
  package var stableVersion: Int64 = 0
  /// The step of the newest checkpoint that the leader knows to be durable; −1: none. Others send −1.
  package var savedStep: Int64 = -1
  /// Sum of the losses of this rank's labelled rows, as they are trained on.
  package var lossSum: Double = 0
  package var shares: [PartitionShare] = []
  package var rowCount = 0
  package var outputCount = 1

  package init() {}
}

/// One partition's part of a step.
package struct PartitionShare: BitwiseCopyable, Codable {
  package var partition: Int32 = 0
  /// Valid records taken: rows of the batch.
  package var rows: UInt32 = 0
  /// Rows with a label that was learned from.
  package var trained: UInt32 = 0
  private var padding: UInt32 = 0
  /// Offsets without a record.
  package var skipped: Int64 = 0
  /// Offsets that the broker removed before they were read.
  package var lost: Int64 = 0
  package var from: Int64 = 0
  package var next: Int64 = 0

  package init() {}
}

/// Writes envelopes into one buffer that keeps its memory.
package struct StepEnvelopeWriter {
  package private(set) var bytes: [UInt8] = []

  package init() { bytes.reserveCapacity(1 << 16) }

  /// Begins a new envelope with what is known of the records.
  ///
  /// - Parameters:
  ///   - rejected: Counts by partition of the envelope and `RejectReason.index`, [shares × reasons].
  ///   - labels: [rows], each `labelStride` from the one before: the primary head's. - outputs: [rows × outputCount]. - stableLosses: [rows]; NaN where there is none.
  package mutating func write(
    _ envelope: StepEnvelope, rejected: [Int64], labels: UnsafePointer<Float>, labelStride: Int = 1,
    outputs: UnsafePointer<Float>, stableLosses: UnsafePointer<Float>, health: [UInt8]
  ) {
    bytes.removeAll(keepingCapacity: true)
    bytes.append(raw: StepEnvelope.magic)
    bytes.append(raw: envelope.flags.rawValue)
    bytes.append(raw: envelope.step)
    bytes.append(raw: envelope.stableVersion)
    bytes.append(raw: envelope.savedStep)
    bytes.append(raw: envelope.lossSum.bitPattern)
    bytes.append(raw: UInt32(envelope.shares.count))
    bytes.append(raw: UInt32(envelope.rowCount))
    bytes.append(raw: UInt32(envelope.outputCount))
    bytes.append(raw: UInt32(health.count))
    for (place, share) in envelope.shares.enumerated() {
      bytes.append(raw: share)
      for reason in 0..<StepEnvelope.reasonCount {
        bytes.append(raw: rejected[place * StepEnvelope.reasonCount + reason])
      }
    }
    if labelStride == 1 {
      append(labels, envelope.rowCount)
    } else {
      for row in 0..<envelope.rowCount { bytes.append(raw: labels[row * labelStride].bitPattern) }
    }
    append(stableLosses, envelope.rowCount)
    append(outputs, envelope.rowCount * envelope.outputCount)
    bytes.append(contentsOf: health)
  }

  /// The learner's attachment comes last and runs to the end; a rank that is alone leaves it out.
  package mutating func appendLearner(_ append: (inout [UInt8]) -> Void) { append(&bytes) }

  private mutating func append(_ values: UnsafePointer<Float>, _ count: Int) {
    bytes.append(contentsOf: UnsafeRawBufferPointer(start: values, count: count * MemoryLayout<Float>.stride))
  }
}

/// An envelope as it came from a rank; its pointers live as long as the exchange's body.
package struct ReceivedEnvelope {
  package let flags: StepFlags
  package let step: Int64
  package let stableVersion: Int64
  package let savedStep: Int64
  package let lossSum: Double
  package let shareCount: Int
  package let rowCount: Int
  package let outputCount: Int
  private let shareBytes: UnsafeRawBufferPointer
  package let labels: UnsafeRawBufferPointer
  package let stableLosses: UnsafeRawBufferPointer
  package let outputs: UnsafeRawBufferPointer
  package let health: UnsafeRawBufferPointer
  package let learner: UnsafeRawBufferPointer

  private static let shareStride = MemoryLayout<PartitionShare>.size + StepEnvelope.reasonCount * 8

  /// - Throws: `EnvelopeError` for anything that this binary would not have written.
  package init(_ bytes: UnsafeRawBufferPointer, outputCount expected: Int) throws {
    var reader = ByteReader(bytes)
    guard try reader.read(UInt32.self) == StepEnvelope.magic else { throw EnvelopeError.notAnEnvelope }
    flags = StepFlags(rawValue: try reader.read())
    step = try reader.read()
    stableVersion = try reader.read()
    savedStep = try reader.read()
    lossSum = Double(bitPattern: try reader.read())
    shareCount = Int(try reader.read(UInt32.self))
    rowCount = Int(try reader.read(UInt32.self))
    outputCount = Int(try reader.read(UInt32.self))
    let healthBytes = Int(try reader.read(UInt32.self))
    guard outputCount == expected else { throw EnvelopeError.otherModel(outputs: outputCount, expected: expected) }
    shareBytes = try reader.read(bytes: shareCount * Self.shareStride)
    labels = try reader.read(bytes: rowCount * 4)
    stableLosses = try reader.read(bytes: rowCount * 4)
    outputs = try reader.read(bytes: rowCount * outputCount * 4)
    health = try reader.read(bytes: healthBytes)
    learner = reader.readRest()
    var rows = 0
    for place in 0..<shareCount { rows += Int(share(place).rows) }
    guard rows == rowCount else { throw EnvelopeError.rowsDoNotAddUp(rows: rows, announced: rowCount) }
  }

  package func share(_ place: Int) -> PartitionShare {
    shareBytes.loadUnaligned(fromByteOffset: place * Self.shareStride, as: PartitionShare.self)
  }

  package func rejected(_ place: Int, reason: Int) -> Int64 {
    shareBytes.loadUnaligned(
      fromByteOffset: place * Self.shareStride + MemoryLayout<PartitionShare>.size + reason * 8, as: Int64.self)
  }
}

/// A peer sent an envelope that does not fit this rank's.
package enum EnvelopeError: Error, CustomStringConvertible {
  case notAnEnvelope
  case otherModel(outputs: Int, expected: Int)
  case rowsDoNotAddUp(rows: Int, announced: Int)
  case otherStep(Int64, expected: Int64)

  package var description: String {
    switch self {
    case .notAnEnvelope: "a peer's attachment is not a step envelope: are all workers of one version?"
    case .otherModel(let outputs, let expected): "a peer's model has \(outputs) outputs, ours \(expected)"
    case .rowsDoNotAddUp(let rows, let announced): "a peer's shares have \(rows) rows, its header says \(announced)"
    case .otherStep(let step, let expected): "a peer is at step \(step), we are at \(expected)"
    }
  }
}
