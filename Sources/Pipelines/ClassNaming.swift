/// How the names of a label's classes are known: `classes:` of the file.
enum ClassNaming: Sendable, Hashable {
  /// In the order of the outputs.
  case listed([String])
  /// As they come in the records, in that order.
  case found
}

extension LabelSettings {
  /// The classes that the model has outputs for.
  public var classRoom: Int { findsClasses ? classesMax : classes.count }

  var classNaming: ClassNaming {
    get { findsClasses ? .found : .listed(classes) }
    set {
      switch newValue {
      case .found: (classes, findsClasses) = ([], true)
      case .listed(let names): (classes, findsClasses) = (names, false)
      }
    }
  }
}

extension ValueKind where Value == ClassNaming {
  static let classNaming: ValueKind = {
    let list = ValueKind<[String]>.classList
    let expects = list.expects + ", or auto"
    return ValueKind(
      expects: expects,
      schema: [.init("anyOf", .list([.mapping(list.schema), .mapping([.init("const", .text("auto"))])]))],
      read: { node, path, reader in
        switch node.content {
        case .scalar(let scalar) where scalar.text == "auto": return .found
        case .sequence: return list.read(node, path, reader).map { .listed($0) }
        case .unreadable: return nil
        default:
          reader.note(at: node.place, "\(path) is \(node.summary)", "write \(expects)")
          return nil
        }
      },
      write: { naming in
        switch naming {
        case .found: .text("auto")
        case .listed(let names): list.write(names)
        }
      })
  }()
}

extension ValueKind where Value == [String] {
  static let classList = list(
    of: .line("a class name"), "a list of class names, such as [on_time, late]", count: 0...10_000,
    isHiddenWhenEmpty: true)
}
