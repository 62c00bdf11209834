import CYAML
import Vocabulary

/// The text of a pipeline file as one tree of nodes, by libyaml's document API, whose nodes know their places.
///
/// Refused with a place: aliases and anchors, tags, several documents, keys that are not plain text, keys that occur
/// twice, and nesting that no pipeline needs.
struct YAMLLoader {
  static let nestingMax = 32
  static let bytesMax = 1 << 20

  let reader: PipelineReader
  /// What may be read, in bytes of UTF-8.
  var bytesMax = Self.bytesMax

  /// The root; nil when the text is no YAML document, which has been noted.
  func load(_ text: String) -> YAMLNode? {
    guard text.utf8.count <= bytesMax else {
      reader.note(at: .start, "the file is larger than 1 MiB", "a pipeline file describes one pipeline; split it")
      return nil
    }
    var bytes = Array(text.utf8)
    // What Windows' editors put in front of UTF-8.
    if bytes.starts(with: TextEncoding.byteOrderMark) { bytes.removeFirst(TextEncoding.byteOrderMark.count) }
    if bytes.isEmpty { bytes = [0x0A] }
    return bytes.withUnsafeBufferPointer { bytes in
      guard isOrdinary(bytes) else { return nil }
      var parser = yaml_parser_t()
      guard yaml_parser_initialize(&parser) != 0 else { preconditionFailure("libyaml has no memory for a parser") }
      defer { yaml_parser_delete(&parser) }
      yaml_parser_set_input_string(&parser, bytes.baseAddress, bytes.count)
      yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
      var document = yaml_document_t()
      guard yaml_parser_load(&parser, &document) != 0 else {
        noteProblem(of: parser, in: bytes)
        return nil
      }
      defer { yaml_document_delete(&document) }
      guard let root = yaml_document_get_root_node(&document) else {
        reader.note(at: .start, "the file is empty", "start with Pipelines/quickstart.yaml")
        return nil
      }
      return node(root, in: &document, depth: 0)
    }
  }

  /// Goes through the events once for what the document API hides: aliases, anchors, tags and further documents.
  private func isOrdinary(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    var parser = yaml_parser_t()
    guard yaml_parser_initialize(&parser) != 0 else { preconditionFailure("libyaml has no memory for a parser") }
    defer { yaml_parser_delete(&parser) }
    yaml_parser_set_input_string(&parser, bytes.baseAddress, bytes.count)
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
    var documents = 0
    var isOrdinary = true
    func refuse(_ event: yaml_event_t, _ problem: String, _ remedy: String) {
      reader.note(at: Place(event.start_mark), problem, remedy)
      isOrdinary = false
    }
    while true {
      var event = yaml_event_t()
      guard yaml_parser_parse(&parser, &event) != 0 else {
        noteProblem(of: parser, in: bytes)
        return false
      }
      defer { yaml_event_delete(&event) }
      var anchor: UnsafeMutablePointer<yaml_char_t>?
      var tag: UnsafeMutablePointer<yaml_char_t>?
      switch event.type {
      case YAML_STREAM_END_EVENT:
        return isOrdinary
      case YAML_DOCUMENT_START_EVENT:
        documents += 1
        if documents == 2 { refuse(event, "a second document starts here", "put each pipeline into a file of its own") }
      case YAML_ALIAS_EVENT:
        refuse(event, "a YAML alias (`*name`) is not supported", "write the value out")
      case YAML_SCALAR_EVENT:
        (anchor, tag) = (event.data.scalar.anchor, event.data.scalar.tag)
      case YAML_SEQUENCE_START_EVENT:
        (anchor, tag) = (event.data.sequence_start.anchor, event.data.sequence_start.tag)
      case YAML_MAPPING_START_EVENT:
        (anchor, tag) = (event.data.mapping_start.anchor, event.data.mapping_start.tag)
      default:
        break
      }
      if anchor != nil {
        refuse(event, "a YAML anchor (`&name`) is not supported", "write the value out where it is used")
      }
      if tag != nil { refuse(event, "a YAML tag (`!name`) is not supported", "leave it out; the key decides the type") }
    }
  }

  /// libyaml's own complaint, with the place it names, or the one of the byte it could not read.
  private func noteProblem(of parser: yaml_parser_t, in bytes: UnsafeBufferPointer<UInt8>) {
    let problem = parser.problem.map { String(cString: $0) } ?? "unknown trouble"
    let context = parser.context.map { String(cString: $0) + ": " } ?? ""
    var place = Place(parser.problem_mark)
    if parser.error == YAML_READER_ERROR {
      let before = bytes.prefix(min(Int(parser.problem_offset), bytes.count))
      let line = before.count { $0 == 0x0A } + 1
      let lineStart = (before.lastIndex(of: 0x0A) ?? -1) + 1
      place = Place(line: line, column: before[lineStart...].count { $0 & 0xC0 != 0x80 } + 1)
    }
    if let culprit = TreacherousCharacter.first(in: bytes, near: place) {
      return reader.note(at: culprit.place, "\(culprit.name) stands here", culprit.remedy)
    }
    reader.note(
      at: place, "this is not YAML: \(context)\(problem)", "check indentation, quotes and brackets around here")
  }

  private func node(_ node: UnsafeMutablePointer<yaml_node_t>, in document: inout yaml_document_t, depth: Int)
    -> YAMLNode
  {
    let (place, end) = (Place(node.pointee.start_mark), Place(node.pointee.end_mark))
    guard depth <= Self.nestingMax else {
      reader.note(at: place, "nested more than \(Self.nestingMax) levels deep", "no key of a pipeline lies that deep")
      return YAMLNode(place: place, content: .unreadable)
    }
    switch node.pointee.type {
    case YAML_SCALAR_NODE:
      return YAMLNode(place: place, content: scalar(node, at: place), end: end)
    case YAML_SEQUENCE_NODE:
      let items = node.pointee.data.sequence.items
      var elements: [YAMLNode] = []
      var item = items.start
      while let here = item, here < items.top {
        if let child = yaml_document_get_node(&document, here.pointee) {
          elements.append(self.node(child, in: &document, depth: depth + 1))
        }
        item = here + 1
      }
      return YAMLNode(
        place: place, content: .sequence(elements), end: end,
        isFlow: node.pointee.data.sequence.style == YAML_FLOW_SEQUENCE_STYLE)
    default:
      return YAMLNode(
        place: place, content: .mapping(entries(of: node, in: &document, depth: depth)), end: end,
        isFlow: node.pointee.data.mapping.style == YAML_FLOW_MAPPING_STYLE)
    }
  }

  private func entries(
    of node: UnsafeMutablePointer<yaml_node_t>, in document: inout yaml_document_t, depth: Int
  ) -> [YAMLNode.Entry] {
    var entries: [YAMLNode.Entry] = []
    var seen: [String: Place] = [:]
    let pairs = node.pointee.data.mapping.pairs
    var pair = pairs.start
    while let here = pair, here < pairs.top {
      pair = here + 1
      guard let key = yaml_document_get_node(&document, here.pointee.key),
        let value = yaml_document_get_node(&document, here.pointee.value)
      else { continue }
      let keyPlace = Place(key.pointee.start_mark)
      let child = self.node(value, in: &document, depth: depth + 1)
      guard key.pointee.type == YAML_SCALAR_NODE else {
        reader.note(at: keyPlace, "a key must be text", "write `key: value`")
        continue
      }
      let name = text(of: key)
      if let first = seen[name] {
        reader.note(at: keyPlace, "`\(shortened(name))` occurs twice (first on line \(first.line))", "keep one of them")
        continue
      }
      seen[name] = keyPlace
      entries.append(
        YAMLNode.Entry(key: name, keyPlace: keyPlace, keyEnd: Place(key.pointee.end_mark), value: child))
    }
    return entries
  }

  private func scalar(_ node: UnsafeMutablePointer<yaml_node_t>, at place: Place) -> YAMLNode.Content {
    let written = text(of: node)
    guard let text = reader.expandEnvironment(in: written, at: place) else { return .unreadable }
    let isPlain = node.pointee.data.scalar.style == YAML_PLAIN_SCALAR_STYLE
    return .scalar(YAMLNode.Scalar(text: text, written: written, isPlain: isPlain))
  }

  private func text(of node: UnsafeMutablePointer<yaml_node_t>) -> String {
    let scalar = node.pointee.data.scalar
    return String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
  }
}

extension Place {
  fileprivate init(_ mark: yaml_mark_t) { self.init(line: Int(mark.line) + 1, column: Int(mark.column) + 1) }
}
