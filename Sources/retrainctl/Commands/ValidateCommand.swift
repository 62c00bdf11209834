import Arguments
import Pipelines

struct ValidateCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "validate", abstract: "Check a pipeline file and show it with every default filled in.",
      discussion: """
        Every mistake is reported at once, with line, column and remedy; the exit code is 65 then. Secrets named by \
        ${env:NAME} must be set, and are not shown. --schema prints the JSON Schema of pipeline files, for editors.
        """)
  }

  @Argument(help: "Pipeline files.", completion: .file(["yaml", "yml"])) var files: [String]
  @Flag(help: "Print the JSON Schema of pipeline files instead.") var schema: Bool
  @OptionGroup var format: OutputFormat

  func mistakes() -> [String] {
    switch (schema, files.isEmpty) {
    case (false, true): ["<files> is missing: which pipeline file?"]
    case (true, false): ["--schema takes no file"]
    default: []
    }
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
  }

  func run() async throws {
    if schema { return Console.put(PipelineSchema.jsonSchema()) }
    var failures: [String] = []
    for path in files {
      do {
        let pipeline = try PipelineFile(path: path).pipeline
        for advice in pipeline.advice { Console.complain("note: \(path): \(advice)") }
        if format.json {
          let effective = EffectivePipeline(pipeline.withoutSecrets)
          try Console.say(
            json: Report(
              file: path, valid: true, pipeline: effective, mistakes: [], size: ModelSize(pipeline),
              advice: pipeline.advice))
        } else {
          if files.count > 1 { Console.say("# \(path)") }
          Console.say(pipeline.effectiveYAML)
          Console.say("# \(ModelSize(pipeline).sentence)")
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
}

extension Pipeline {
  /// Every librdkafka property's value masked: any may hold a secret.
  var withoutSecrets: Pipeline {
    var copy = self
    copy.source.librdkafka = source.librdkafka.mapValues { _ in "***" }
    return copy
  }
}
