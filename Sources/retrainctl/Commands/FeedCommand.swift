import Arguments
import Foundation
import Kafka
import Vocabulary

struct FeedCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "feed", abstract: "Publish the records of a file to a topic.",
      discussion: """
        JSON Lines or CSV (the header names dotted paths), plain, .gz or .zst; '-' is standard input. Records of one \
        key stay in order. A broker that goes away for a while is waited for. The broker in memory keeps about 5 MB a \
        partition: hold back with --max-lag there.

          retrainctl feed Pipelines/data/flights.jsonl.zst --pipeline Pipelines/quickstart.yaml --max-lag 30000
        """)
  }

  enum Format: String, CaseIterable, ArgumentValue { case jsonl, csv }

  @Argument(help: "The file.", completion: .file([])) var file: String
  @Option(short: "t", help: "The topic; made if it is not there.") var topic: String?
  @Option(
    valueName: "file", help: "A pipeline file, for topic, partitions, group and how to reach the brokers.",
    completion: .file(["yaml", "yml"])) var pipeline: String?
  @Option(valueName: "n", help: "Partitions of a topic that is made; without a pipeline 4.") var partitions: Int?
  @Flag(help: "A topic that is not there is a mistake, and is not made.") var noCreate: Bool
  @Option(valueName: "records/s", help: "Publish at most so many a second.") var rate: Double?
  @Option(valueName: "n", help: "Never get further than so many records ahead of the group.") var maxLag: Int64?
  @Option(valueName: "name", help: "The group whose committed offsets --max-lag looks at.") var group: String?
  @Option(valueName: "path", help: #"Dotted path of the value that becomes the key, as id, x.carrier or x\.carrier."#)
  var key: String?
  @Option(valueName: "n", help: "Stop after so many records.") var limit: Int64?
  @Option(name: "format", help: "What the file holds; by default its name says.") var fileFormat: Format?
  @OptionGroup var format: OutputFormat

  func mistakes() -> [String] {
    var mistakes: [String] = []
    if topic == nil, pipeline == nil { mistakes.append("--topic is missing: or name a --pipeline file") }
    if maxLag != nil, group == nil, pipeline == nil { mistakes.append("--max-lag needs --group: whose lag?") }
    if maxLag == nil, group != nil { mistakes.append("--group says nothing without --max-lag") }
    if let rate, rate <= 0 { mistakes.append("--rate must be more than zero") }
    if let maxLag, maxLag <= 0 { mistakes.append("--max-lag must be more than zero") }
    if let partitions, partitions <= 0 { mistakes.append("--partitions must be more than zero") }
    if let key, KeyFinder(path: key) == nil {
      mistakes.append(#"--key takes a dotted path, such as x.carrier; a dot of a key itself is written \."#)
    }
    if let limit, limit <= 0 { mistakes.append("--limit must be more than zero") }
    return mistakes
  }

  private struct Report: Encodable {
    var topic: String
    var records: Int64
    var blankLines: Int64
    var delivered: Int64
    var bytes: Int64
    var seconds: Double
    var recordsPerSecond: Double
    var heldBackSeconds: Double
  }

  func run() async throws {
    let source = try pipeline.map { try PipelineFile(path: $0).pipeline.source }
    let name = try pipeline.map { try PipelineFile(path: $0).pipeline.name }
    let topic = topic ?? source?.topic ?? ""
    let house = House()
    // While this is held, 'start --until end' knows that the stream goes on.
    let mark = try FeedMark.hold(topic: topic, in: house)
    defer { mark.release() }
    let broker = try BrokerAccess.enter(pipelineBrokers: source?.brokers, house: house)
    defer { try? broker.leave() }
    let configuration = KafkaConfiguration(
      brokers: broker.addresses, properties: source?.librdkafka ?? [:], clientID: "retrainctl-feed")
    try await TopicMaker(configuration).make(
      topic, partitions: partitions ?? source?.partitions ?? 4, creates: !noCreate && source?.create ?? true)
    if maxLag == nil, rate == nil, broker.isInMemory {
      Console.complain("note: the broker in memory drops the oldest records of a partition beyond 5 MB; see --max-lag")
    }
    let limits = FeedLimits(
      ratePerSecond: rate, lagRecordsMax: maxLag,
      group: maxLag == nil ? nil : group ?? source?.consumerGroup ?? name.map { "retrain.\($0)" })
    let feeder = try Feeder(configuration: configuration, topic: topic, limits: limits)
    let job = FeedJob(
      file: file, isCSV: fileFormat.map { $0 == .csv }, key: key, limit: limit ?? .max, feeder: feeder)
    let task = Task { try await job.run() }
    let signals = StopSignals { count in
      task.cancel()
      if count > 1 { exit(130) }
    }
    defer { signals.cancel() }
    let result = await task.result
    await feeder.close()
    let (summary, blankLines) = try result.get()
    try report(summary, blankLines: blankLines, topic: topic)
  }

  private func report(_ summary: FeedSummary, blankLines: Int64, topic: String) throws {
    let seconds = summary.elapsed.seconds
    let rate = seconds > 0 ? Double(summary.records) / seconds : 0
    if format.json {
      return try Console.say(
        json: Report(
          topic: topic, records: summary.records, blankLines: blankLines, delivered: summary.delivered,
          bytes: summary.bytes,
          seconds: seconds, recordsPerSecond: rate, heldBackSeconds: summary.heldBack.seconds))
    }
    Console.say(
      "\(Wording.count(summary.records)) records (\(Wording.count(summary.bytes)) bytes) to \(topic) in "
        + "\(Wording.figure(seconds, decimals: 1)) s: \(Wording.count(Int64(rate))) records/s, held back for "
        + "\(Wording.figure(summary.heldBack.seconds, decimals: 1)) s"
        + (blankLines > 0 ? "; \(Wording.count(blankLines)) blank lines passed over" : ""))
  }
}
