import Arguments
import Registry
import Vocabulary

struct AuditCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "audit", abstract: "Recompute what became of every record: learned once, rejected, lost, learned twice.",
      discussion: """
        From the tables, link by link along the lineage of a version, of a checkpoint, or of the newest checkpoint. \
        With --ledger (pipeline option training.ledger) every step's offset ranges too; steps that were learned while \
        the option was off are named, and held against the sums alone. Anything that does not add \
        up is told, with exit code 70.
        """)
  }

  @Option(valueName: "id", help: "The lineage that ends with this checkpoint.") var checkpoint: Int64?
  @Option(name: "version", valueName: "n", help: "The lineage of this version.") var number: VersionNumber?
  @Option(valueName: "name", help: "Of a run beside the live one, as 'status' names it.") var run: String?
  @Flag(help: "Hold every step's offset ranges against each other too.") var ledger: Bool
  @OptionGroup var choice: PipelineChoice
  @OptionGroup var format: OutputFormat

  func mistakes() -> [String] {
    [checkpoint != nil, number != nil, run != nil].filter(\.self).count > 1
      ? ["--checkpoint, --version and --run name different lineages: say one"] : []
  }

  func run() async throws {
    let report = try await withRegistry(for: "audit") { registry in
      let record = try await choice.record(in: registry)
      return try await registry.audit(
        pipeline: record.id, run: registry.run(named: run, of: record), checkpoint: checkpoint, version: number?.value,
        ledger: ledger)
    }
    if format.json { try Console.say(json: report) } else { show(report) }
    if !report.isClean {
      throw CommandFailure(.ourFault, "the audit found: " + report.problems.joined(separator: "; "))
    }
  }

  private func show(_ report: AuditReport) {
    let palette = Palette.standardOutput
    guard let checkpoint = report.checkpoint else { return Console.say("nothing was learned yet") }
    Console.say(
      "lineage of \(report.version.map { "v\($0), " } ?? "")checkpoint \(checkpoint): \(Wording.count(Int64(report.links), "link"))\n"
    )
    var table = TextTable(
      ">partition", ">from", ">to", ">consumed", ">trained", ">not learned", ">skipped", ">lost by broker", ">lost",
      ">duplicated")
    for part in report.partitions {
      table.add(
        String(part.partition), Wording.count(part.startOffset), Wording.count(part.nextOffset),
        Wording.count(part.consumed), Wording.count(part.trained), Wording.count(part.rejected),
        Wording.count(part.skipped), Wording.count(part.lostByBroker), Wording.count(part.lost),
        Wording.count(part.duplicated))
    }
    table.add(
      "all", "", "", Wording.count(report.consumed), Wording.count(report.trained), Wording.count(report.rejected),
      Wording.count(report.skipped), Wording.count(report.lostByBroker), Wording.count(report.lost),
      Wording.count(report.duplicated))
    for line in table.lines(palette: palette, indent: 0) { Console.say(line) }
    var reasons = TextTable("of the not learned", ">records")
    for (reason, count) in report.rejectedByReason.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) })
    where count > 0 {
      let isUnlabelled = reason == RejectReason.labelAbsent.rawValue
      reasons.add(
        isUnlabelled ? "without a label (\(reason)): predicted only" : "rejected: \(reason)", Wording.count(count))
    }
    if !reasons.isEmpty { for line in [""] + reasons.lines(palette: palette) { Console.say(line) } }
    if let ledger = report.ledger {
      Console.say(
        "\nledger: \(Wording.count(ledger.steps)) steps, \(Wording.count(ledger.ranges)) ranges, \(ledger.gaps) gaps, "
          + "\(ledger.overlaps) overlaps")
    }
    if !report.notes.isEmpty { Console.say("\n" + report.notes.joined(separator: "\n")) }
    guard report.isClean else { return }
    Console.say("\n" + palette.good("every record is accounted for, once"))
    if report.lostByBroker > 0 {
      Console.say(
        palette.warning(
          "\(Wording.count(report.lostByBroker)) offsets were lost by the broker: removed before they were read"))
    }
  }
}
