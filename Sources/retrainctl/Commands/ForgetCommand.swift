import Arguments
import Pipelines
import Registry
import Vocabulary

struct ForgetCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "forget", abstract: "Make the model as if it had never seen some records.",
      discussion: """
        Replays the steps from the newest checkpoint before the first of the records up to the newest one, without them, and has \
        training go on from what comes of it, as a new lineage; its candidates are judged as always. With training.reproducible \
        steps are dealt anew, and weights, optimiser, statistics, memory and health are those of a run on a topic that \
        lacks the records, to the last bit, whatever the number of workers; without it steps keep their other records, and \
        sums may differ in the last digits where several workers learned. The steps before the first of the records have to come out as they did, or \
        nothing is changed. Log and ledger (training.ledger) have to reach back that far.

        Copies are told: dead letters, examples of values in incidents and in counts of fields, rows in samples, checkpoints and \
        versions that know the records. With --purge they are removed, once the new lineage has begun, but for the states of versions that \
        serve or may come to: run it again when others have taken their place. The topic itself, its backups and what was exported are \
        their owner's.
        """)
  }

  @Option(name: "record", valueName: "topic/partition/offset", help: "This record; may be repeated.")
  var records: [String]
  @Option(name: "key", valueName: "key", help: "All records with this Kafka message key; may be repeated.")
  var keys: [String]
  @Option(valueName: "path", help: "A file with a record or 'key K' a line.", completion: .file([])) var file: String?
  @Flag(help: "Only say what it would take, and where copies are.") var dryRun: Bool
  @Flag(help: "Remove copies too.") var purge: Bool
  @Flag(short: "y", help: "Do not ask.") var yes: Bool
  @OptionGroup var decision: DecisionOptions
  @Option(valueName: "s", help: "Take at most so long, in seconds.") var seconds: Int = 3600
  @OptionGroup var choice: PipelineChoice
  @OptionGroup var format: OutputFormat

  func mistakes() -> [String] {
    var found: [String] = []
    if records.isEmpty, keys.isEmpty, file == nil { found.append("say what to forget: --record, --key or --file") }
    for record in records where ForgottenRecords.place(record) == nil {
      found.append("--record '\(record)' is no topic/partition/offset, as flights/2/4711")
    }
    if keys.contains("") { found.append("--key is empty: it would name all records whose key is an empty text") }
    if !(1...864_000).contains(seconds) { found.append("--seconds must be 1 to 864000") }
    if dryRun, purge { found.append("--dry-run changes nothing, and --purge does") }
    return found
  }

  func run() async throws {
    var wanted = ForgottenRecords(places: records.compactMap(ForgottenRecords.place), keys: keys)
    if let file { try wanted.add(file: file) }
    let (asked, format) = (wanted, format)
    try await withRegistry(for: "forget") { registry in
      let record = try await choice.record(in: registry)
      let forgetting = Forgetting(
        registry: registry, record: record, wanted: asked, actor: decision.actor, reason: decision.reason ?? "",
        deadline: .after(.seconds(seconds)))
      let report = try await forgetting.run(dryRun: dryRun, purges: purge) { plan in
        guard purge, !yes else { return }
        guard Console.confirm("\(plan); remove the copies for good?") else {
          throw CommandFailure(.usage, "nothing was forgotten: say yes, or --yes")
        }
      }
      if format.json { return try Console.say(json: report) }
      for line in report.lines(palette: .standardOutput) { Console.say(line) }
    }
  }
}
