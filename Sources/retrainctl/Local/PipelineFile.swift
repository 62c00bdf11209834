import Foundation
import Kafka
import Pipelines
import Registry

/// A pipeline file, read and checked.
struct PipelineFile {
  let pipeline: Pipeline
  /// What it is called in messages.
  let name: String
  /// As it stands in the file, secrets unexpanded: what the registry keeps.
  let text: String

  /// - Parameter room: What its workers may take; nil: none is to run here.
  /// - Throws: `PipelineMistakes` with all of them; a failure where the file cannot be read.
  init(path: String, room: MemoryRoom? = nil) throws {
    try self.init(text: Self.text(of: path), name: path, room: room)
  }

  /// - Parameters:
  ///   - name: Stands before every mistake.
  ///   - room: What its workers may take; nil: none is to run here.
  init(text: String, name: String, room: MemoryRoom? = nil) throws {
    pipeline = try PipelineParser.parse(text: text, fileName: name, room: room, environment: Environment.value(of:))
    self.text = text
    self.name = name
    try refuseUnknownProperties(name: name)
  }

  /// What is no mistake and may still not be what is meant, each with its place.
  func tellAdvice() {
    let advice = pipeline.advice + absences
    guard !advice.isEmpty else { return }
    let places = PipelineParser.places(in: text)
    for piece in advice { Console.complain("note: \(piece.description(fileName: name, places))") }
  }

  /// Files that receivers of alerts need, and that this machine lacks: the controller's may have them.
  var absences: [Advice] {
    pipeline.alerts.enumerated().flatMap { place, alert in
      var found: [Advice] = []
      if let file = alert.authorizationFile, !FileManager.default.isReadableFile(atPath: file) {
        found.append(
          Advice(
            setting: "alerts[\(place)].authorization_file",
            sentence: "\(file) cannot be read on this machine: the controller's needs it"))
      }
      if let program = alert.command.first, !FileManager.default.isExecutableFile(atPath: program) {
        found.append(
          Advice(
            setting: "alerts[\(place)].command",
            sentence: "\(program) is no program of this machine: the controller's needs it"))
      }
      return found
    }
  }

  /// What librdkafka does not know, or not with that value, is a mistake of the file, not of the broker.
  private func refuseUnknownProperties(name: String) throws {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    var mistakes: [PipelineMistake] = []
    for (property, value) in pipeline.source.librdkafka.sorted(by: { $0.key < $1.key }) {
      let alone = KafkaConfiguration(brokers: "", properties: [property: value])
      guard let mistake = alone.mistakes().first else { continue }
      let line = lines.firstIndex { $0.contains(property) }
      let column = line.flatMap { lines[$0].range(of: property) }.map { range in
        lines[line ?? 0].distance(from: lines[line ?? 0].startIndex, to: range.lowerBound)
      }
      mistakes.append(
        PipelineMistake(
          file: name, line: (line ?? 0) + 1, column: (column ?? 0) + 1,
          problem: "source.librdkafka: \(mistake.reason)", remedy: "librdkafka's CONFIGURATION.md lists what there is"))
    }
    if !mistakes.isEmpty { throw PipelineMistakes(mistakes: mistakes) }
  }

  /// Whether a word on the command line means a file; else it is the name of a registered pipeline.
  static func isPath(_ word: String) -> Bool {
    if word.contains("/") || [".yaml", ".yml", ".json"].contains(where: { word.hasSuffix($0) }) { return true }
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: word, isDirectory: &isFolder) && !isFolder.boolValue
  }

  /// The pipeline that a word means: in a file, or registered under that name.
  ///
  /// - Parameter room: What its workers may take; nil: none is to run here.
  static func find(_ word: String, room: MemoryRoom? = nil) async throws -> PipelineFile {
    guard !isPath(word) else { return try PipelineFile(path: word, room: room) }
    guard DatabaseAccess.canEnter else {
      throw CommandFailure.noPipeline(word, among: nil)
    }
    return try await withRegistry(for: "pipeline") { registry in
      let record = try await registry.choosePipeline(named: word)
      return try PipelineFile(text: record.specification, name: "\(record.name) (in the registry)", room: room)
    }
  }

  static func find(ifGiven word: String?) async throws -> PipelineFile? {
    guard let word else { return nil }
    return try await find(word)
  }

  /// The name of the pipeline that a word means. A file is read for it, whether its secrets are set here or not.
  static func name(from word: String) throws -> String {
    guard isPath(word) else { return word }
    let text = try text(of: word)
    return try PipelineParser.parse(text: text, fileName: word) { Environment.value(of: $0) ?? "0" }.name
  }

  /// Whether servers of a pipeline are asked over TLS, whether its secrets are set here or not.
  static func servesTLS(_ specification: String) -> Bool {
    let pipeline = try? PipelineParser.parse(text: specification, fileName: "") { Environment.value(of: $0) ?? "0" }
    return pipeline?.serving.tls != nil
  }

  private static func text(of path: String) throws -> String {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      let url = URL(filePath: path)
      let there = (try? FileManager.default.contentsOfDirectory(atPath: url.deletingLastPathComponent().path)) ?? []
      let near = nearest(to: url.lastPathComponent, among: there).map { "; there is \($0)" } ?? ""
      throw CommandFailure(.usage, "the pipeline file \(path) does not exist\(near)")
    }
    if isFolder.boolValue { throw CommandFailure(.usage, "the pipeline file \(path) is a folder: name a file in it") }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CommandFailure(.usage, "the pipeline file \(path) cannot be read: \(String(cString: strerror(errno)))")
    }
    do throws(PipelineMistakes) {
      return try PipelineParser.text(of: data, fileName: path)
    } catch {
      throw CommandFailure(.badPipeline, error.description)
    }
  }
}
