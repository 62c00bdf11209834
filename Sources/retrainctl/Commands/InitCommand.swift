import Arguments
import Foundation
import Ingest
import JSON
import Pipelines

struct InitCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "init", abstract: "Draft a pipeline file from a file of records.",
      discussion: """
        Looks at the first records of a file, as 'feed' reads it (JSON Lines or CSV, plain, .gz or .zst; '-' is standard input), \
        and writes a pipeline that learns the label from all other fields: what is a number, a category or a time, which of them \
        is the record's id and time. What was guessed or left out is told on its line. Look through it: only a person knows \
        which fields are known before the label is.

          retrainctl init orders.jsonl --label fraud --output fraud.yaml
        """)
  }

  @Argument(help: "The file of records.", completion: .file([])) var file: String
  @Option(short: "l", valueName: "path", help: "Dotted path of the label; by default the one field that is called so.")
  var label: String?
  @Option(valueName: "name", help: "The pipeline's name; by default the file's.") var name: String?
  @Option(short: "t", help: "The topic; by default the pipeline's name.") var topic: String?
  @Option(valueName: "n", help: "Look at so many records.") var limit: Int = 10_000
  @Option(
    short: "o", valueName: "file", help: "Write it there instead of to standard output.",
    completion: .file(["yaml", "yml"]))
  var output: String?
  @Flag(help: "An --output that is there already may be written over.") var force: Bool
  @Option(name: "format", help: "What the file holds; by default its name says.") var fileFormat: FeedCommand.Format?
  @OptionGroup var table: TableOptions
  @OptionGroup var format: OutputFormat

  func mistakes() -> [String] {
    var mistakes: [String] = []
    if !(1...1_000_000).contains(limit) { mistakes.append("--limit must be 1 to 1000000, not \(limit)") }
    if force, output == nil { mistakes.append("--force says nothing without --output") }
    if let label, FieldPath(label) == nil {
      mistakes.append(#"--label takes a dotted path, such as y.late; a dot of a key itself is written \."#)
    }
    return mistakes + table.mistakes()
  }

  private struct Report: Encodable {
    var file: String
    var records: Int64
    var label: String
    var output: String?
    var text: String
  }

  func run() async throws {
    let feed = try FeedFile(file, format: fileFormat.map { $0 == .csv ? .table : .jsonLines })
    if let mixed = table.firstGiven, feed.format != .table {
      throw CommandFailure(.usage, "\(mixed) is about CSV, and \(feed.name) is JSON Lines; say --format csv if not")
    }
    if let output, !force, FileManager.default.fileExists(atPath: output) {
      throw CommandFailure(.usage, "\(output) is there already: --force writes over it, or say another --output")
    }
    let records = try first(of: feed)
    let draft: (text: String, label: FieldPath)
    do { draft = try self.draft(of: records, feed.name) } catch let refusal as PipelineDraft.Refusal {
      throw CommandFailure(.usage, "\(feed.name): \(refusal)")
    }
    // Whoever reads the draft is to find no mistake in it but those that only a person sees.
    _ = try PipelineFile(text: draft.text, name: "the draft")
    if let output {
      do { try Data(draft.text.utf8).write(to: URL(filePath: output)) } catch {
        throw CommandFailure(.unavailable, "\(output) cannot be written: \(error.localizedDescription)")
      }
    }
    if format.json {
      return try Console.say(
        json: Report(
          file: file, records: Int64(records.count), label: draft.label.description, output: output, text: draft.text))
    }
    if let output {
      Console.say(
        "\(output): drafted from \(Wording.count(Int64(records.count), "record")); look through it, then 'retrainctl validate \(output)'"
      )
    } else {
      Console.put(draft.text)
    }
  }

  /// The first records, as they would be published.
  private func first(of feed: FeedFile) throws -> [[UInt8]] {
    let source = try RecordSource(feed, table: table.format(for: nil), isStrict: false)
    var records: [[UInt8]] = []
    do {
      while records.count < limit, let record = try source.withNext({ bytes, _ in [UInt8](bytes) }) {
        records.append(record)
      }
    } catch let error as IngestError {
      throw CommandFailure(.usage, "\(feed.name):\(error.line.map { "\($0): " } ?? " ")\(error.reason)")
    }
    guard !records.isEmpty else { throw CommandFailure(.usage, "\(feed.name) holds no records") }
    return records
  }

  private func draft(of records: [[UInt8]], _ source: String) throws -> (text: String, label: FieldPath) {
    func survey(label: FieldPath?) throws -> RecordSurvey {
      var survey = RecordSurvey(label: label)
      for (place, record) in records.enumerated() {
        do { try record.withUnsafeBytes { try survey.take($0) } } catch let error as JSONError {
          throw PipelineDraft.Refusal("record \(place + 1) is no JSON object: \(error.what), at byte \(error.offset)")
        }
      }
      return survey
    }
    let path = try PipelineDraft.label(of: survey(label: nil), named: label)
    let stem = file == "-" ? "stream" : URL(filePath: file).lastPathComponent
    let name = name ?? PipelineDraft.name(from: stem)
    return (
      try PipelineDraft(
        of: survey(label: path), file: file == "-" ? "FILE" : file, name: name, topic: topic ?? name, label: path
      ).text, path
    )
  }
}
