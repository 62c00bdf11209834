public import Arguments
import Foundation
import Kafka
import Pipelines
import Registry
import Vocabulary

struct DeadLettersCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "dead-letters", abstract: "Show records that were rejected: why, which field, where, and what they held.",
      discussion: """
        From the pipeline's dead-letter topic, the newest first. A record may be there twice: after a crash some are \
        rejected again. Their ids are shown where schema.id says where those stand. Values are cut to one line, unless --json.
        """)
  }

  @Option(valueName: "reason", help: "Only of this reason, as wrong_type.") var reason: RejectReason?
  @Option(valueName: "n", help: "At most so many.") var limit: Int = 20
  @OptionGroup var choice: PipelineChoice
  @OptionGroup var format: OutputFormat

  func mistakes() -> [String] { (1...100_000).contains(limit) ? [] : ["--limit must be 1 to 100000"] }

  private struct Report: Encodable {
    var topic: String
    /// Dead letters in the topic, of whatever reason.
    var records: Int64
    var deadLetters: [DeadLetterRecord]
  }

  func run() async throws {
    let pipeline = try await withRegistry(for: "dead-letters") { registry in
      let record = try await choice.record(in: registry)
      return try PipelineFile(text: record.specification, name: record.name).pipeline
    }
    let broker = try BrokerAccess.enter(pipelineBrokers: pipeline.source.brokers)
    defer { try? broker.leave() }
    let topic = pipeline.source.effectiveDeadLetterTopic
    let reader = DeadLetterReader(
      configuration: KafkaConfiguration(
        brokers: broker.addresses, properties: pipeline.source.librdkafka, clientID: "retrainctl-dead-letters"),
      topic: topic, id: pipeline.schema.id.flatMap { FieldPath($0) })
    let (found, total): ([DeadLetterRecord], Int64)
    do {
      (found, total) = try await reader.newest(limit, reason: reason, until: .after(.seconds(60)))
    } catch let error as KafkaError where error.code == .unknownTopic {
      throw CommandFailure(
        .unavailable, "the dead-letter topic '\(topic)' is not there: nothing was ever rejected, or it was deleted")
    }
    if format.json { return try Console.say(json: Report(topic: topic, records: total, deadLetters: found)) }
    if found.isEmpty {
      return Console.say(
        "no dead letter in \(topic)" + (reason.map { " of the reason \($0.rawValue)" } ?? "")
          + (total > 0 ? "; it holds \(Wording.count(total)) of other reasons" : ""))
    }
    let hasIDs = pipeline.schema.id != nil
    var table =
      hasIDs ? TextTable("reason", "field", "id", "record", "value") : TextTable("reason", "field", "record", "value")
    for letter in found {
      let (reason, field, place) = (letter.reason ?? "–", letter.field ?? "–", letter.place ?? "–")
      if hasIDs {
        table.add(reason, field, letter.id ?? "–", place, letter.shownValue)
      } else {
        table.add(reason, field, place, letter.shownValue)
      }
    }
    let columns = Terminal.size(orUnlimited: STDOUT_FILENO).columns
    for line in table.lines(palette: .standardOutput, columns: columns, indent: 0) { Console.say(line) }
    if Int64(found.count) < total {
      Console.complain("\(found.count) of \(Wording.count(total)) in \(topic); --limit and --reason choose others")
    }
  }
}

extension RejectReason: ArgumentValue {}
