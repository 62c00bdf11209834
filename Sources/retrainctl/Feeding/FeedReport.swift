import Ingest
import Kafka
import Vocabulary

/// What a feed has to say at its end.
struct FeedReport {
  private let outcome: FeedJob.Outcome
  private let topic: String
  private let skipsBad: Bool

  init(_ outcome: FeedJob.Outcome, topic: String, skipsBad: Bool) {
    self.outcome = outcome
    self.topic = topic
    self.skipsBad = skipsBad
  }

  private struct Answer: Encodable {
    var topic: String
    /// Handed to the producer.
    var records: Int64
    /// In the log for certain.
    var delivered: Int64
    var blankLines: Int64
    var commentLines: Int64
    /// Left out by --skip-bad.
    var skipped: Int64
    var bytes: Int64?
    var seconds: Double?
    var recordsPerSecond: Double?
    var heldBackSeconds: Double?
    var notes: [String]
    var error: String?
    /// The first line that is not in the topic; nil: the end was reached, or it is not known.
    var file: String?
    var line: Int?
  }

  /// Says it, and throws what the feed failed for.
  func tell(asJSON: Bool) throws {
    for note in outcome.notes { Console.complain("note: \(note)") }
    if asJSON { try Console.say(json: answer) } else if let sentence { Console.say(sentence) }
    if let error = outcome.error { throw CommandFailure(CommandFailure(error).code, failure(error)) }
  }

  private var rate: Double? { outcome.summary.map { Double($0.records) / max($0.elapsed.seconds, 1e-9) } }

  private var answer: Answer {
    Answer(
      topic: topic, records: outcome.position.queued, delivered: outcome.position.delivered,
      blankLines: outcome.blankLines, commentLines: outcome.commentLines, skipped: outcome.skipped,
      bytes: outcome.summary?.bytes, seconds: outcome.summary?.elapsed.seconds, recordsPerSecond: rate,
      heldBackSeconds: outcome.summary?.heldBack.seconds, notes: outcome.told + outcome.notes,
      error: outcome.error.map { failure($0) }, file: outcome.place?.file, line: outcome.place?.line)
  }

  /// Nil: an error says it all.
  private var sentence: String? {
    guard outcome.error == nil, let summary = outcome.summary, let rate else { return nil }
    func lines(_ count: Int64, _ what: String) -> String {
      count > 0 ? "; \(Wording.count(count)) \(what) line\(count == 1 ? "" : "s") passed over" : ""
    }
    let heldBack =
      summary.heldBack >= .milliseconds(50)
      ? ", held back for \(Wording.figure(summary.heldBack.seconds, decimals: 1)) s" : ""
    return "\(Wording.count(summary.records, "record")) (\(Wording.count(summary.bytes, "byte"))) to \(topic) in "
      + "\(Wording.figure(summary.elapsed.seconds, decimals: 1)) s: \(Wording.count(Int64(rate))) records/s"
      + heldBack + lines(outcome.blankLines, "blank")
      + lines(outcome.commentLines, "comment")
      + (skipsBad ? "; \(Wording.count(outcome.skipped)) bad line\(outcome.skipped == 1 ? "" : "s") skipped" : "")
      + (outcome.isEarly ? outcome.place.map { "; go on with --from-line \($0.line)" } ?? "" : "")
  }

  /// What happened, what is in the topic for certain, and how to go on.
  private func failure(_ error: any Error) -> String {
    let (queued, delivered) = (outcome.position.queued, outcome.position.delivered)
    var parts = [(outcome.place.map { "\($0.file): " } ?? "") + text(of: error)]
    let failed = outcome.position.failed
    if queued == 0 {
      parts.append("Nothing was published")
    } else if delivered == queued {
      parts.append("\(Wording.count(delivered)) records are in \(topic) for certain, all that come before")
    } else if failed > 0, delivered + failed == queued {
      parts.append(
        "\(Wording.count(delivered)) of \(Wording.count(queued)) records are in \(topic) for certain, and "
          + "\(Wording.count(failed)) \(failed == 1 ? "was" : "were") refused")
    } else {
      parts.append(
        "\(Wording.count(delivered)) of \(Wording.count(queued)) records are in \(topic) for certain; whether the others "
          + "are is not known")
    }
    if failed > 0, let next = outcome.nextLine {
      parts.append("Go on behind the last one that was sent with --from-line \(next)")
    } else if let line = outcome.place?.line, (error as? IngestError)?.isOfOneLine ?? true {
      let mended =
        error is KafkaError
        ? ""
        : " once it is mended"
          + (delivered == queued ? ", or leave out such lines with --skip-bad (--from-line \(line) --skip-bad)" : "")
      parts.append("Go on with --from-line \(line)" + mended)
    }
    return parts.joined(separator: ". ")
  }

  private func text(of error: any Error) -> String {
    switch error {
    case let error as KafkaError where error.code == .messageTooLarge:
      let line = outcome.place.map { "line \($0.line): " } ?? ""
      return
        "\(line)a record is larger than the brokers take for \(topic): raise the topic's max.message.bytes (Kafka's "
        + "default is 1 MiB) and the pipeline's source.record_bytes_max"
    case let error as KafkaError:
      // Where no record was refused, the line says only how far it came.
      let refused = outcome.position.failed > 0 ? outcome.place : nil
      return (refused.map { "line \($0.line): " } ?? "") + error.description
    case let error as IngestError where error.code == .recordTooLarge:
      return "\(error): give --record-bytes-max, or raise the pipeline's source.record_bytes_max (and the topic's "
        + "max.message.bytes above 1 MiB)"
    default: return CommandFailure(error).message
    }
  }
}
