/// YAML text becoming a checked `Pipeline`.
public enum PipelineParser {
  /// Reads and checks a pipeline file.
  ///
  /// - Parameters:
  ///   - fileName: Stands before every mistake.
  ///   - environment: The value of an environment variable, for `${env:NAME}`; nil: unset.
  /// - Throws: Every mistake at once. None shows the value of a variable.
  public static func parse(
    text: String, fileName: String, environment: (String) -> String?
  ) throws(PipelineMistakes) -> Pipeline {
    let result = withoutActuallyEscaping(environment) { environment -> Result<Pipeline, PipelineMistakes> in
      let reader = PipelineReader(file: fileName, environment: environment)
      var pipeline = Pipeline.section.prototype
      if let root = YAMLLoader(reader: reader).load(text), let read = Pipeline.section.kind.read(root, "", reader) {
        pipeline = read
        pipeline.fillIn()
        PipelineChecks(pipeline: pipeline, reader: reader).check()
      }
      return reader.mistakes.map { .failure($0) } ?? .success(pipeline)
    }
    return try result.get()
  }
}

extension Pipeline {
  /// What a default takes from another key.
  fileprivate mutating func fillIn() {
    for index in schema.features.indices where schema.features[index].path.isEmpty {
      schema.features[index].path = schema.features[index].name
    }
  }

  /// The pipeline with every default filled in, as YAML that parses back to the same pipeline.
  ///
  /// librdkafka properties that may hold a secret are masked: with those, only the rest comes back.
  public var effectiveYAML: String { Pipeline.section.kind.write(self)?.yaml() ?? "" }
}
