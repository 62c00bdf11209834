import Pipelines
import Testing
import Vocabulary

@Suite("A setting written otherwise")
struct SettingTextTests {
  private func set(_ path: String, _ value: String, in text: String) -> String {
    do { return try SettingText.setting(path, to: value, in: text) } catch { return "no: \(error.description)" }
  }

  /// The same pipeline written in the ways that people write.
  private static let texts = [
    """
    # What it is about.
    name: a
    source: { topic: a, partitions: 2 }  # the stream
    schema:
      label: { path: y }
      features: [{ name: d, type: float, clip: [0, 9] }, { name: e, type: float }]
    model: { task: binary, hidden: [8, 4], activation: tanh }
    training: { optimizer: { kind: sgd, learning_rate: 0.5 } }
    """,
    """
    name: a
    source:
      topic: "a"
      partitions: 2
    schema:
      label:
        path: y
      features:
        - name: d
          type: float
          clip:
          - 0
          - 9
        - type: float
          name: e
    model:
      task: binary
      # Two layers.
      hidden:
        - 8
        - 4   # the last
      activation: 'tanh'
    training:
      optimizer:
        kind: sgd
        learning_rate: 0.5

    """,
    #"""
    {"name": "a", "source": {"topic": "a", "partitions": 2},
     "schema": {"label": {"path": "y"}, "features": [
       {"name": "d", "type": "float", "clip": [0, 9]}, {"name": "e", "type": "float"}]},
     "model": {"task": "binary", "hidden": [8, 4], "activation": "tanh"},
     "training": {"optimizer": {"kind": "sgd", "learning_rate": 0.5}}}
    """#,
  ]

  private func parsed(_ text: String) throws -> Pipeline {
    try PipelineParser.parse(text: text, fileName: "a.yaml") { _ in nil }
  }

  @Test("however the file is written, it means the same but for that setting", arguments: texts)
  func values(text: String) throws {
    var wanted = try parsed(text)
    wanted.model.hidden = [128, 64]
    wanted.training.optimizer.learningRate = 0.01
    wanted.training.clipGlobalNorm = 2
    wanted.training.reproducible = true
    wanted.schema.features[0].clip = -5...5
    wanted.schema.features[1].clip = 0...1
    wanted.health.histogramEvery = 2
    var changed = text
    for (path, value) in [
      ("model.hidden", "[128,64]"), ("training.optimizer.learning_rate", "0.01"), ("training.clip_global_norm", "2"),
      ("training.reproducible", "true"), ("schema.features[d].clip", "[-5, 5]"), ("schema.features[1].clip", "[0,1]"),
      ("health.histogram_every", "2"),
    ] { changed = try SettingText.setting(path, to: value, in: changed) }
    let made = try parsed(changed)
    #expect(made.effectiveYAML == wanted.effectiveYAML, "\(changed)")
    for comment in ["# What it is about.", "# the stream", "# Two layers."] where text.contains(comment) {
      #expect(changed.contains(comment))
    }
  }

  @Test("what stands for settings makes room for them, and whole parts can be said at once")
  func parts() throws {
    #expect(set("model.hidden", "[8]", in: "name: a\nmodel: auto\n") == "name: a\nmodel: { hidden: [8] }\n")
    #expect(set("model.task", "binary", in: "name: a\nmodel:\n") == "name: a\nmodel: { task: binary }\n")
    #expect(set("model", "auto", in: "model:\n  hidden: [8]\n  task: binary\nname: a\n") == "model: auto\nname: a\n")
    #expect(set("model", "task: binary", in: "model: auto\n") == "model: { task: binary }\n")
    #expect(set("model.a", "1", in: "model: {}\n") == "model: { a: 1 }\n")
    #expect(set("a.b", "x,y", in: "a: { b: 1 }\n") == "a: { b: \"x,y\" }\n")
    #expect(set("a.b.c", "1", in: "z: 1\n") == "a: { b: { c: 1 } }\nz: 1\n")
    #expect(set("a", "\"#\"", in: "\u{FEFF}a: 1 # one\r\nb: 2\r\n") == "a: \"#\" # one\r\nb: 2\r\n")
  }

  @Test(
    "what cannot be written says why",
    arguments: [
      ("model.hidden", "[128,", "is no value in YAML"), ("model..hidden", "1", "is no path of keys"),
      ("features[x].clip", "1", "has no element `x`"), ("features[dd].clip", "1", "did you mean d?"),
      ("name[0]", "1", "and no list"), ("name.first[0]", "1", "no such list"),
      ("features[d", "1", "an element is written as"),
      ("features.d", "1", "is a list, and has no key"), ("model.hidden", "- 1", "write a list as [a, b]"),
      ("model.hidden", "*x", "is no value in YAML"),
    ])
  func refused(path: String, value: String, words: String) {
    let found = set(path, value, in: "name: a\nfeatures: [{ name: d }]\nmodel: auto\n")
    #expect(found.hasPrefix("no: ") && found.contains(words), "\(found)")
  }
}
