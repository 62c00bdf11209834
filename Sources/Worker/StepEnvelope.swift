import Ingest
import Learning
import Vocabulary

/// What each rank attaches to the all-reduce of a step (design D2): where its partitions stand, what became of every
/// record, and each row's label and prediction, so that all ranks account for the step alike with no extra round trip.
///
/// Layout, little-endian: header · one `PartitionShare` a partition · rows in the order of the shares · health (when
/// gathered) · field notices (when there are any) · the learner's attachment.
package struct StepEnvelope {
  package static let magic: UInt32 = 0x3545_5452  // "RTE5"
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
  /// Of each head beyond the first: this rank's rows with its label, and the sum of their losses.
  package var headLosses: [HeadShare] = []

  package init() {}
}

/// One rank's part of what a further head loses in a step.
package struct HeadShare: BitwiseCopyable {
  package var records: UInt32 = 0
  package var lossSum: Double = 0

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
  ///   - tally: What happened to which field of the records. - examples: News of such, most often none.
  ///   - labels: [rows], each `labelStride` from the one before: the primary head's. - outputs: [rows × outputCount]. - stableLosses: [rows]; NaN where there is none.
  package mutating func write(
    _ envelope: StepEnvelope, rejected: [Int64], labels: UnsafePointer<Float>, labelStride: Int = 1,
    outputs: UnsafePointer<Float>, stableLosses: UnsafePointer<Float>, health: [UInt8], tally: FieldTally? = nil,
    examples: [FieldExample] = []
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
    let noticeBytesPlace = bytes.count
    bytes.append(raw: UInt32(0))
    bytes.append(raw: UInt32(envelope.headLosses.count))
    for head in envelope.headLosses {
      bytes.append(raw: head.records)
      bytes.append(raw: head.lossSum.bitPattern)
    }
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
    guard tally.map({ !$0.isEmpty }) ?? false || !examples.isEmpty else { return }
    let start = bytes.count
    append(tally, examples)
    var size = UInt32(bytes.count - start).littleEndian
    withUnsafeBytes(of: &size) { size in
      for (index, byte) in size.enumerated() { bytes[noticeBytesPlace + index] = byte }
    }
  }

  /// Count of codes, each with its count; count of examples, each with code, length and text.
  private mutating func append(_ tally: FieldTally?, _ examples: [FieldExample]) {
    bytes.append(raw: UInt32(tally?.codes.count ?? 0))
    if let tally {
      for code in tally.codes {
        bytes.append(raw: code.rawValue)
        bytes.append(raw: tally.count(of: code))
      }
    }
    bytes.append(raw: UInt32(examples.count))
    for example in examples {
      bytes.append(raw: example.code.rawValue)
      bytes.append(raw: UInt32(example.text.utf8.count))
      bytes.append(contentsOf: example.text.utf8)
    }
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
  package let headCount: Int
  private let headBytes: UnsafeRawBufferPointer
  private let shareBytes: UnsafeRawBufferPointer
  package let labels: UnsafeRawBufferPointer
  package let stableLosses: UnsafeRawBufferPointer
  package let outputs: UnsafeRawBufferPointer
  package let health: UnsafeRawBufferPointer
  private let notices: UnsafeRawBufferPointer
  package let learner: UnsafeRawBufferPointer

  private static let headStride = 12
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
    let noticeBytes = Int(try reader.read(UInt32.self))
    guard outputCount == expected else { throw EnvelopeError.otherModel(outputs: outputCount, expected: expected) }
    headCount = Int(try reader.read(UInt32.self))
    headBytes = try reader.read(bytes: headCount * Self.headStride)
    shareBytes = try reader.read(bytes: shareCount * Self.shareStride)
    labels = try reader.read(bytes: rowCount * 4)
    stableLosses = try reader.read(bytes: rowCount * 4)
    outputs = try reader.read(bytes: rowCount * outputCount * 4)
    health = try reader.read(bytes: healthBytes)
    notices = try reader.read(bytes: noticeBytes)
    learner = reader.readRest()
    var rows = 0
    for place in 0..<shareCount { rows += Int(share(place).rows) }
    guard rows == rowCount else { throw EnvelopeError.rowsDoNotAddUp(rows: rows, announced: rowCount) }
  }

  /// - Parameter place: The head's, counted from the second one as 0.
  package func headLoss(_ place: Int) -> (records: Int64, lossSum: Double) {
    let start = place * Self.headStride
    return (
      Int64(headBytes.loadUnaligned(fromByteOffset: start, as: UInt32.self)),
      Double(bitPattern: headBytes.loadUnaligned(fromByteOffset: start + 4, as: UInt64.self))
    )
  }

  package func share(_ place: Int) -> PartitionShare {
    shareBytes.loadUnaligned(fromByteOffset: place * Self.shareStride, as: PartitionShare.self)
  }

  package func rejected(_ place: Int, reason: Int) -> Int64 {
    shareBytes.loadUnaligned(
      fromByteOffset: place * Self.shareStride + MemoryLayout<PartitionShare>.size + reason * 8, as: Int64.self)
  }
}

extension ReceivedEnvelope {
  /// Calls `count` for every code with its records, and `example` for every example.
  ///
  /// - Parameter fieldCount: Codes of further fields are refused.
  package func forEachNotice(
    fieldCount: Int, count: (FieldCode, Int64) -> Void, example: (FieldExample) -> Void
  ) throws {
    guard !notices.isEmpty else { return }
    let codeMax = Int32((fieldCount + 1) * FieldNotice.count)
    func checked(_ code: Int32) throws -> FieldCode {
      guard code >= 0, code < codeMax else { throw EnvelopeError.unknownField(code: code) }
      return FieldCode(rawValue: code)
    }
    var reader = ByteReader(notices)
    for _ in 0..<(try reader.read(UInt32.self)) {
      count(try checked(reader.read()), Int64(try reader.read(UInt32.self)))
    }
    for _ in 0..<(try reader.read(UInt32.self)) {
      let code = try checked(reader.read())
      let text = try reader.read(bytes: Int(try reader.read(UInt32.self)))
      example(FieldExample(code: code, text: String(decoding: text, as: UTF8.self)))
    }
  }
}

/// A peer sent an envelope that does not fit this rank's.
package enum EnvelopeError: Error, CustomStringConvertible {
  case notAnEnvelope
  case otherModel(outputs: Int, expected: Int)
  case rowsDoNotAddUp(rows: Int, announced: Int)
  case otherStep(Int64, expected: Int64)
  case unknownField(code: Int32)

  package var description: String {
    switch self {
    case .notAnEnvelope: "a peer's attachment is not a step envelope: are all workers of one version?"
    case .otherModel(let outputs, let expected): "a peer's model has \(outputs) outputs, ours \(expected)"
    case .rowsDoNotAddUp(let rows, let announced): "a peer's shares have \(rows) rows, its header says \(announced)"
    case .unknownField(let code):
      "a peer tells of a field that the schema has not (code \(code)): do all workers have one pipeline?"
    case .otherStep(let step, let expected): "a peer is at step \(step), we are at \(expected)"
    }
  }
}
