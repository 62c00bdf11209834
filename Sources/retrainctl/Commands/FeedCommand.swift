import Arguments
import Foundation
import Ingest
import Kafka
import Pipelines
import Vocabulary

struct FeedCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "feed", abstract: "Publish the records of files to a topic.",
      discussion: """
        JSON Lines (or one JSON array, or objects over several lines) or CSV, plain, .gz or .zst; '-' is standard input. \
        Records of one key stay in order. A broker that goes away for a while is waited for. The broker in memory keeps \
        about 5 MB a partition: hold back with --max-lag there.

          retrainctl feed Pipelines/data/flights.jsonl.zst --pipeline Pipelines/quickstart.yaml --max-lag 30000

        A bad line ends the feed: it says how many records are in the topic for certain, which line it is, and how to go \
        on, with --from-line or --skip-bad.

        CSV: the header names dotted paths (a column x.carrier is the key carrier of the object x). Values in quotes are \
        text. Others: spaces around them do not count; nothing, NA, NaN, null and their like (--na) are absent; true, \
        True and TRUE are truths; numbers are numbers, whole ones spelled as such (1.0 is 1); the rest is text, as are \
        numbers with leading zeros. With --pipeline, columns of categories and classes are text throughout.
        """)
  }

  enum Format: String, CaseIterable, ArgumentValue { case jsonl, csv }

  @Argument(help: "The files, one after the other.", completion: .file([])) var files: [String]
  @Option(short: "t", help: "The topic; made if it is not there.") var topic: String?
  @Option(
    short: "p", valueName: "name or file",
    help: "A pipeline, for topic, partitions, group and how to reach the brokers.",
    completion: .file(["yaml", "yml"])) var pipeline: String?
  @Option(valueName: "n", help: "Partitions of a topic that is made; without a pipeline 4.") var partitions: Int?
  @Flag(help: "A topic that is not there is a mistake, and is not made.") var noCreate: Bool
  @Option(valueName: "records/s", help: "Publish at most so many a second.") var rate: Double?
  @Option(valueName: "n", help: "Never get further than so many records ahead of the group.") var maxLag: Int64?
  @Option(valueName: "name", help: "The group whose committed offsets --max-lag looks at.") var group: String?
  @Option(valueName: "path", help: #"Dotted path of the value that becomes the key, as id, x.carrier or x\.carrier."#)
  var key: String?
  @Option(valueName: "n", help: "Stop after so many records.") var limit: Int64?
  @Option(valueName: "line", help: "Begin with the record on this line; the header of a CSV file is read all the same.")
  var fromLine: Int = 1
  @Flag(help: "Leave out lines that are no record or too large, and say how many.") var skipBad: Bool
  @Option(valueName: "size", help: "The largest record, as 5MB; without a pipeline that says more, just below 1 MiB.")
  var recordBytesMax: ByteSize?
  @Option(name: "format", help: "What the files hold; by default their names say.") var fileFormat: Format?
  @OptionGroup var table: TableOptions
  @OptionGroup var format: OutputFormat

  func mistakes() -> [String] {
    var mistakes: [String] = []
    if files.isEmpty { mistakes.append("<files> is missing: which file of records? '-' is standard input") }
    if topic == nil, pipeline == nil { mistakes.append("--topic is missing: or name a --pipeline") }
    if maxLag != nil, group == nil, pipeline == nil { mistakes.append("--max-lag needs --group: whose lag?") }
    if maxLag == nil, group != nil { mistakes.append("--group says nothing without --max-lag") }
    if let rate, rate <= 0 { mistakes.append("--rate must be more than zero") }
    if let maxLag, maxLag <= 0 { mistakes.append("--max-lag must be more than zero") }
    if let partitions, !(1...10_000).contains(partitions) { mistakes.append("--partitions must be 1 to 10000") }
    if let key, KeyFinder(path: key) == nil {
      mistakes.append(#"--key takes a dotted path, such as x.carrier; a dot of a key itself is written \."#)
    }
    if let limit, limit <= 0 { mistakes.append("--limit must be more than zero") }
    if fromLine < 1 { mistakes.append("--from-line counts from 1") }
    if fromLine > 1, files.count > 1 { mistakes.append("--from-line is about one file: name the others afterwards") }
    if let bytes = recordBytesMax?.bytes, !(1024...1_000_000_000).contains(bytes) {
      mistakes.append("--record-bytes-max must be from 1kB to 1GB")
    }
    return mistakes + table.mistakes()
  }

  func run() async throws {
    let files = try files.map { try FeedFile($0, format: fileFormat.map { $0 == .csv ? .table : .jsonLines }) }
    if let mixed = table.firstGiven, !files.contains(where: { $0.format == .table }) {
      throw CommandFailure(.usage, "\(mixed) is about CSV, and \(files[0].name) is JSON Lines; say --format csv if not")
    }
    if files.contains(where: { $0.path == "-" }), isatty(STDIN_FILENO) == 1 {
      Console.complain("reading records from the terminal; Ctrl-D ends them")
    }
    let named = try await PipelineFile.find(ifGiven: pipeline)?.pipeline
    let source = named?.source
    let topic = topic ?? source?.topic ?? ""
    let house = House()
    // While this is held, 'start --until end' knows that the stream goes on.
    let mark = try FeedMark.hold(topic: topic, in: house)
    defer { mark.release() }
    let broker = try BrokerAccess.enter(pipelineBrokers: source?.brokers, house: house, mayForget: false)
    defer { try? broker.leave() }
    let trouble = BrokerTrouble()
    let size = ProducerSize(
      properties: source?.librdkafka ?? [:], wanted: recordBytesMax?.bytes ?? source?.recordBytesMax)
    let configuration = KafkaConfiguration(
      brokers: broker.addresses, properties: size.properties, clientID: "retrainctl-feed", observer: trouble.observer)
    try await TopicMaker(configuration).make(
      topic, partitions: partitions ?? source?.partitions, creates: !noCreate && source?.create ?? true)
    if maxLag == nil, rate == nil, broker.isInMemory, !files.allSatisfy(\.isSmall) {
      Console.complain("note: the broker in memory drops the oldest records of a partition beyond 5 MB; see --max-lag")
    }
    let limits = FeedLimits(
      ratePerSecond: rate, lagRecordsMax: maxLag,
      group: maxLag == nil ? nil : group ?? source?.consumerGroup ?? named.map { "retrain.\($0.name)" })
    let durable = broker.isInMemory && maxLag != nil ? named.map { DurableProgress(pipeline: $0.name) } : nil
    var position: Feeder.DurablePosition?
    if let durable { position = { await durable.offsets() } }
    let feeder = try Feeder(
      configuration: configuration, topic: topic, limits: limits,
      durable: position)
    let judge = ColumnJudge(
      schema: named?.schema, heads: named?.model.heads.map(\.label.path) ?? [], isFlat: table.flat)
    let texts = table.text
    let job = FeedJob(
      files: files, table: table.format(for: named), key: key, limit: limit ?? .max, fromLine: fromLine,
      skipsBad: skipBad,
      recordBytesMax: size.recordBytesMax, feeder: feeder, trouble: trouble, schema: named?.schema,
      judge: { judge.notes(on: $0) + TableOptions.notes(on: $0, texts: texts) })
    let task = Task { await job.run() }
    let signals = StopSignals { count in
      task.cancel()
      if count > 1 { exit(130) }
    }
    defer { signals.cancel() }
    let outcome = await task.value
    await feeder.close()
    await durable?.close()
    try FeedReport(outcome, topic: topic, skipsBad: skipBad).tell(asJSON: format.json)
  }
}
