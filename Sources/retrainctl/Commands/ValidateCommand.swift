import Arguments
import Pipelines
import Registry
import Vocabulary

struct ValidateCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "validate", abstract: "Check a pipeline file and show it with every default filled in.",
      discussion: """
        Every mistake is reported at once, with line, column and remedy; the exit code is 65 then. Secrets named by \
        ${env:NAME} must be set, and are not shown. Where there is a database in which a pipeline of that name has learned, \
        each edit since then is told with what 'start' would make of it; that is no mistake of the file. --schema prints the JSON Schema of pipeline files, for editors.
        """)
  }

  @Argument(help: "Pipeline files.", completion: .file(["yaml", "yml"])) var files: [String]
  @Option(
    valueName: "n", help: "Workers that are to run on this machine, for its memory; by default all that the file says.")
  var workers: Int?
  @Flag(help: "Print the JSON Schema of pipeline files instead.") var schema: Bool
  @OptionGroup var format: OutputFormat

  func mistakes() -> [String] {
    let files =
      switch (schema, files.isEmpty) {
      case (false, true): ["<files> is missing: which pipeline file?"]
      case (true, false): ["--schema takes no file"]
      default: [String]()
      }
    return files + (workers.map { (1...256).contains($0) ? [] : ["--workers must be 1 to 256, not \($0)"] } ?? [])
  }

  private struct Report: Encodable {
    var file: String
    var valid: Bool
    /// In the words and units of the file.
    var pipeline: EffectivePipeline?
    var mistakes: [PipelineMistake]
    /// Bytes of the model, of a checkpoint and of a worker at least.
    var size: ModelSize?
    /// What is no mistake and may still not be what is meant.
    var advice: [String] = []
    /// Nil: nothing has been learned, or there is no database to say so.
    var learned: Learned?
  }

  /// What the file says otherwise than what was learned before.
  private struct Learned: Encodable {
    var step: Int64
    /// Whether not one record could be learned, so that an edited file begins anew.
    var nothing: Bool
    var edits: [SettingEdit]
    fileprivate let sentences: [PipelineMistake]

    private enum CodingKeys: CodingKey { case step, nothing, edits }
  }

  func run() async throws {
    if schema { return Console.put(PipelineSchema.jsonSchema()) }
    var failures: [String] = []
    for path in files {
      do {
        let file = try PipelineFile(path: path, room: MachineMemory.room(workers: workers))
        let pipeline = file.pipeline
        file.tellAdvice()
        let learned = await learned(file)
        if format.json {
          let effective = EffectivePipeline(pipeline.withoutSecrets)
          try Console.say(
            json: Report(
              file: path, valid: true, pipeline: effective, mistakes: [], size: ModelSize(pipeline),
              advice: (pipeline.advice + file.absences).map(\.sentence), learned: learned))
        } else {
          if files.count > 1 { Console.say("# \(path)") }
          Console.say(pipeline.effectiveYAML)
          Console.say("# \(ModelSize(pipeline).sentence)")
          if let learned { tell(learned) }
        }
      } catch let error as PipelineMistakes {
        if format.json {
          try Console.say(json: Report(file: path, valid: false, pipeline: nil, mistakes: error.mistakes))
        }
        failures.append(error.description)
      }
    }
    if !failures.isEmpty { throw CommandFailure(.badPipeline, failures.joined(separator: "\n")) }
  }

  /// What `start` would find, where there is a database to ask.
  private func learned(_ file: PipelineFile) async -> Learned? {
    guard DatabaseAccess.canEnter else { return nil }
    do {
      return try await withRegistry(for: "validate") { registry in
        try await SettingsContinuity(file: file, registry: registry).finding(adopts: false).map {
          Learned(
            step: $0.newest.step, nothing: $0.learnedNothing, edits: $0.edits, sentences: $0.sentences)
        }
      }
    } catch {
      Console.complain("note: \(file.name) was not compared with what was learned: \(CommandFailure(error).message)")
      return nil
    }
  }

  private func tell(_ learned: Learned) {
    let step = "step \(Wording.count(learned.step))"
    let effect = learned.edits.map(\.effect).max()
    switch effect {
    case nil: Console.say("# learned up to \(step), and goes on as it is")
    case _ where learned.nothing:
      Console.say("# not one record could be learned up to \(step); 'start' would begin anew with these edits")
    case .changes: Console.say("# learned up to \(step); 'start' would refuse to go on with this file")
    default: Console.say("# learned up to \(step), and goes on with these edits")
    }
    for (edit, sentence) in zip(learned.edits, learned.sentences) {
      let end = edit.effect == .changes && !learned.nothing ? "changes: \(sentence.remedy)" : edit.effect.rawValue
      Console.complain("note: \(sentence.file):\(sentence.line):\(sentence.column): \(sentence.problem) (\(end))")
    }
  }
}

extension Pipeline {
  /// Every librdkafka property's value masked: any may hold a secret.
  var withoutSecrets: Pipeline {
    var copy = self
    copy.source.librdkafka = source.librdkafka.mapValues { _ in "***" }
    return copy
  }
}
