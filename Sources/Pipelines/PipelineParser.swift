import Vocabulary

/// YAML text becoming a checked `Pipeline`.
public enum PipelineParser {
  /// The text of a pipeline file; what is not UTF-8 is named, with its place and what to do.
  public static func text(of bytes: some Collection<UInt8>, fileName: String) throws(PipelineMistakes) -> String {
    func refuse(_ place: Place, _ problem: String, _ remedy: String) -> PipelineMistakes {
      PipelineMistakes(
        mistakes: [
          PipelineMistake(file: fileName, line: place.line, column: place.column, problem: problem, remedy: remedy)
        ])
    }
    if let name = TextEncoding.wideName(of: bytes) {
      throw refuse(.start, "the file is \(name), not UTF-8", "save it as UTF-8, as with 'iconv -f \(name) -t UTF-8'")
    }
    let bytes = Array(bytes)
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      guard let (characters, byte) = line.withUnsafeBytes({ TextEncoding.trouble(in: $0) }) else { continue }
      throw refuse(
        Place(line: index + 1, column: characters + 1), TextEncoding.sentence(about: byte), "save the file as UTF-8")
    }
    throw refuse(.start, "the file is not UTF-8 text", "save it as UTF-8")
  }

  /// Reads and checks a pipeline file.
  ///
  /// - Parameters:
  ///   - fileName: Stands before every mistake.
  ///   - room: What workers may take; nil: nobody asks whether the model fits.
  ///   - environment: The value of an environment variable, for `${env:NAME}`; nil: unset.
  /// - Throws: Every mistake at once. None shows the value of a variable.
  public static func parse(
    text: String, fileName: String, room: MemoryRoom? = nil, environment: (String) -> String?
  ) throws(PipelineMistakes) -> Pipeline {
    let result = withoutActuallyEscaping(environment) { environment -> Result<Pipeline, PipelineMistakes> in
      let reader = PipelineReader(file: fileName, environment: environment)
      var pipeline = Pipeline.section.prototype
      if let root = YAMLLoader(reader: reader).load(text), let read = Pipeline.section.kind.read(root, "", reader) {
        pipeline = read
        pipeline.fillIn(reader)
        PipelineChecks(pipeline: pipeline, reader: reader, room: room).check()
      }
      return reader.mistakes.map { .failure($0) } ?? .success(pipeline)
    }
    return try result.get()
  }
}

extension Pipeline {
  /// What a default takes from another key.
  fileprivate mutating func fillIn(_ reader: PipelineReader) {
    for index in schema.features.indices {
      if schema.features[index].path.isEmpty { schema.features[index].path = schema.features[index].name }
      schema.features[index].assume { reader.gives("schema.features[\(index)].\($0)") }
    }
    guard model.preset != nil else { return }
    if !reader.gives("model.task") { model.task = schema.label.impliedTask }
    if !reader.gives("training.records_per_step"), !reader.gives("training.records_per_partition") {
      training.recordsPerStep = TrainingSettings.recipeRecordsPerStep
    }
    if !reader.gives("training.workers") { training.workers = 1 }
    if !reader.gives("checkpoint.every_steps") { checkpoint.everySteps = CheckpointSettings.recipeSteps }
    training.isRecipe = true
  }

  /// The pipeline with every default filled in, as YAML that parses back to the same pipeline.
  ///
  /// librdkafka properties that may hold a secret are masked: with those, only the rest comes back.
  public var effectiveYAML: String { Pipeline.section.kind.write(self)?.yaml() ?? "" }
}
