"""Changes the names in the statements of one module, and which files its imports reach."""

import ast

from packer import source
from packer.names import home_of


class Rewriter(ast.NodeTransformer):
    """Writes one module of the package with the names of the build.

    build     the packer.Build: modules, names, home {module: file}, family
    needed    {(module, name)} of constants of other modules that this one uses
    functions [(name in the build, qualified name, line)] of what was seen
    """

    def __init__(self, build, module):
        self.build = build
        self.module = module
        self.file = build.home.get(module.name)
        self.needed = {}
        self.functions = []
        self._names = build.names
        self._scopes = []  # of functions, innermost last: {name: new name or binding}
        self._top = {}  # alias of an import at the top: binding
        self._class = []  # names of classes around

    def run(self, body=None):
        """Return the new statements."""
        return self._block(self.module.copy() if body is None else body)

    def _block(self, body):
        out = []
        for node in body:
            found = self.visit(node)
            out += found if isinstance(found, list) else [found] if found else []
        return out

    # A binding is ("name", module, name) or ("module", module).

    def _look(self, name):
        """Return what a plain name means here: a binding, or a name."""
        for scope in reversed(self._scopes):
            if name in scope:
                return scope[name]
        if name in self._top:
            return self._top[name]
        if (self.module.name, name) in self._names.finals:
            return "name", self.module.name, name
        return name

    def _final(self, binding):
        """Return the plain name for a binding of something in this package."""
        _, module, name = binding
        if name in self.build.modules[module].consts:
            if self.build.home.get(module) != self.file:
                self.needed[module, name] = True
        return self._names.finals[module, name]

    def visit_Name(self, node):
        """Rename what is a global of the package, or an argument."""
        found = self._look(node.id)
        if isinstance(found, tuple):
            found = self._final(found) if found[0] == "name" else node.id
        node.id = found
        return node

    def visit_Attribute(self, node):
        """Rename a private attribute, and what a module of the package defines."""
        owner = self._look(node.value.id) if isinstance(node.value, ast.Name) else None
        if isinstance(owner, tuple) and owner[0] == "module":
            key = owner[1], node.attr
            if self.build.home[owner[1]] == self.file or node.attr in self._consts(owner[1]):
                return ast.copy_location(ast.Name(self._final(("name", *key)), node.ctx), node)
            node.attr = self._names.finals.get(key, node.attr)
            return node
        self.generic_visit(node)
        node.attr = self._names.attributes.get(node.attr, node.attr)
        return node

    def _consts(self, module):
        return self.build.modules[module].consts

    def visit_Compare(self, node):
        """Decide at once what a family's board, or any board, would answer."""
        text = ast.unparse(node)
        for known, value in self.build.facts.items():
            if text.startswith(known + " == "):
                return ast.copy_location(ast.Constant(node.comparators[0].value == value), node)
            if text.startswith(known + " != "):
                return ast.copy_location(ast.Constant(node.comparators[0].value != value), node)
        return self.generic_visit(node)

    def visit_If(self, node):
        """Keep the branch that is taken where that is known."""
        node.test = self.visit(node.test)
        if isinstance(node.test, ast.Constant):
            return self._block(node.body if node.test.value else node.orelse)
        node.body = self._block(node.body) or [ast.Pass()]
        node.orelse = self._block(node.orelse)
        return node

    def visit_Try(self, node):
        """Leave out the import of a module that this build has not got: what follows is known."""
        first = node.body[0]
        if isinstance(first, ast.ImportFrom):
            home = self.module.imported(first)
            if home in self.build.modules and home not in self.build.home:
                return self._block([one for one in node.handlers[0].body if _does(one)])
        return self.generic_visit(node)

    # Imports

    def visit_ImportFrom(self, node):
        """Import from the file where it is now; nothing for what is in this one."""
        home = self.module.imported(node)
        if home is None:
            return self._outside(node)
        if home == "_compat":
            return None
        return [one for alias in node.names for one in self._import(node, home, alias)]

    def _outside(self, node):
        if self._scopes:
            self._scopes[-1].update((a.asname or a.name, a.asname or a.name) for a in node.names)
        return node

    def visit_Import(self, node):
        """Leave imports from outside; inside a function they make local names."""
        if self._scopes:
            names = [(alias.asname or alias.name).split(".")[0] for alias in node.names]
            self._scopes[-1].update((name, name) for name in names)
        return node

    def _import(self, node, home, alias):
        """Yield the import of one name from a module of the package, if one is needed."""
        local = alias.asname or alias.name
        table = self._scopes[-1] if self._scopes else self._top
        module = f"{home}.{alias.name}".strip(".")
        if module in self.build.modules:
            table[local] = "module", module
            if self.build.home[module] != self.file:
                self._check_module(module)
                yield self._from(node, None, self.build.home[module], local)
            return
        key = home, alias.name
        if key not in self._names.finals:
            raise ValueError(f"{self.module.name}: {home} has no {alias.name}")
        table[local] = ("name", *key)
        if alias.name in self._consts(home) and not self._names.is_public(*key):
            return
        if self.build.home[home] == self.file:
            return
        final = self._names.finals[key]
        if self._scopes:
            table[local] = local  # a local variable, whose name is nowhere
        elif (self.module.name, local) in self._names.finals:  # in place of one of its own
            local = self._names.finals[self.module.name, local]
        else:
            local = final
        yield self._from(node, self.build.home[home], final, local)

    def _check_module(self, module):
        """Refuse `from . import` of a file that microdhcp.__getattr__ does not know.

        MicroPython asks that function first, and it raises AttributeError.
        """
        if self.build.home[module] not in home_of(self.build.modules):
            raise ValueError(f"{self.module.name}: write `from .{module} import …`, not from .")

    def _from(self, node, file, name, local):
        if not self.build.of_family(self.file) and self.build.of_family(file or name):
            raise ValueError(f"{self.module.name}: {self.file} is for all families, {file} is not")
        alias = ast.alias(name, None if local == name else local)
        new = ast.copy_location(ast.ImportFrom(file, [alias], 1), node)
        new.origin = node.origin
        return new

    # Functions and classes

    def visit_ClassDef(self, node):
        """Rename a class and what it defines; the names in its body are attributes."""
        self.functions.append((self._global(node.name), node.name, node.lineno))
        node.decorator_list = [self.visit(mark) for mark in node.decorator_list]
        node.bases = [self.visit(base) for base in node.bases]
        self._class.append(node.name)
        inside = {}
        for one in node.body:
            if isinstance(one, ast.Assign):
                inside.update((target.id, self._attribute(target.id)) for target in one.targets)
        self._scopes.append(inside)
        body = []
        for one in node.body:
            if isinstance(one, source.FUNCTION):
                self._scopes.pop()  # a method does not see what its class defines
                body.append(self._function(one, self._attribute(one.name)))
                self._scopes.append(inside)
            else:
                body.append(self.visit(one))
        self._scopes.pop()
        self._class.pop()
        node.name = self._global(node.name)
        node.body = body
        return node

    def _attribute(self, name):
        return self._names.attributes.get(name, name)

    def _global(self, name):
        if self._scopes:
            return name
        return self._names.finals.get((self.module.name, name), name)

    def visit_FunctionDef(self, node):
        """Rename a function and its arguments."""
        return self._function(node, self._global(node.name))

    visit_AsyncFunctionDef = visit_FunctionDef

    def _function(self, node, name):
        qualified = ".".join([*self._class, node.name])
        self.functions.append((name, qualified, node.lineno))
        node.decorator_list = [self.visit(mark) for mark in node.decorator_list]
        self._defaults(node.args)
        keeps = self._class and node.name[:1] != "_" or node.name == "__init__"
        keeps = keeps and self._names.is_public(self.module.name, self._class[0])
        if not self._class and not self._scopes:
            keeps = self._names.is_public(self.module.name, node.name)
        node.name = name
        scope = {local: local for local in _locals(node)}
        scope.update(self._rename_arguments(node, keeps))
        for one in source.walk_scope(node):
            if isinstance(one, ast.Global):
                for local in one.names:
                    scope.pop(local, None)
                one.names = [self._global_of(local) for local in one.names]
        classes, self._class = self._class, []
        self._scopes.append(scope)
        node.body = self._block(node.body) or [ast.Pass()]
        self._scopes.pop()
        self._class = classes
        return node

    def _global_of(self, name):
        return self._names.finals.get((self.module.name, name), name)

    def _defaults(self, arguments):
        arguments.defaults = [self.visit(one) for one in arguments.defaults]
        arguments.kw_defaults = [one and self.visit(one) for one in arguments.kw_defaults]

    def _rename_arguments(self, node, keeps):
        """Give the arguments of a function their new names; return {old: new}."""
        new = {}
        depth = sum(len(scope.get("", ())) for scope in self._scopes)
        pool = self._names.arguments[depth:]
        for argument in source.arguments(node):
            old = argument.arg
            if not keeps and old not in self._names.keywords and pool and self._renames:
                argument.arg = pool.pop(0)
            new[old] = argument.arg
        new[""] = list(new)  # how many names of the pool are taken
        return new

    _renames = True

    def visit_Lambda(self, node):
        """Rename the arguments of a lambda."""
        self._defaults(node.args)
        self._scopes.append(self._rename_arguments(node, False))
        node.body = self.visit(node.body)
        self._scopes.pop()
        return node

    def _comprehension(self, node):
        found = {}
        for generator in node.generators:
            for name in ast.walk(generator.target):
                if isinstance(name, ast.Name):
                    found[name.id] = name.id
        first = node.generators[0]
        outer = self.visit(first.iter)  # the only part that sees what is around
        first.iter = ast.Constant(None)
        self._scopes.append(found)
        self.generic_visit(node)
        self._scopes.pop()
        first.iter = outer
        return node

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension


class Outside(Rewriter):
    """Writes a file that uses the package, a test for example, with the names of a build.

    Names that it asks of modules of the package, private or not, are found in the build.
    """

    _renames = False

    def __init__(self, build, name, text):
        super().__init__(build, source.Module(name, text))
        self.module.imported = _absolute
        self.file = f"_{build.family}"  # none of the package; it may import those of the family
        self._others = set()  # names of modules that are not of the package

    def _global(self, name):
        return name

    def visit_Import(self, node):
        """Note modules from elsewhere: what they define has its own names."""
        for alias in node.names:
            package, _, module = alias.name.partition(".")
            if package != "microdhcp":
                self._others.add((alias.asname or alias.name).split(".")[0])
            elif module:
                (self._scopes or [self._top])[-1][alias.asname] = "module", module
                alias.name = f"microdhcp.{self.build.home[module]}"
                return node
        return super().visit_Import(node)

    def visit_Attribute(self, node):
        """Leave what another module defines."""
        if isinstance(node.value, ast.Name) and node.value.id in self._others:
            return node
        return super().visit_Attribute(node)

    def _check_module(self, module):
        """Allow it: a test runs when microdhcp has the module already, or fails by itself."""

    def _look(self, name):
        found = super()._look(name)
        own = name in self.module.globals and not isinstance(found, tuple)
        return name if own else found

    def _check_module(self, module):
        """Refuse `from . import` of a file that microdhcp.__getattr__ does not know.

        MicroPython asks that function first, and it raises AttributeError.
        """
        if self.build.home[module] not in home_of(self.build.modules):
            raise ValueError(f"{self.module.name}: write `from .{module} import …`, not from .")

    def _from(self, node, file, name, local):
        new = super()._from(node, f"microdhcp.{file}" if file else "microdhcp", name, local)
        new.level = 0
        return new

    def _import(self, node, home, alias):
        key = home, alias.name
        local = alias.asname or alias.name
        if home == "" and f"{alias.name}" not in self.build.modules:  # a public name
            yield self._from(node, None, alias.name, local)
        elif key in self._names.finals and alias.name in self._consts(home):
            value = self._consts(home)[alias.name].args[0]
            value = ast.Assign([ast.Name(local, ast.Store())], value)
            yield ast.fix_missing_locations(ast.copy_location(value, node))
        else:
            for new in super()._import(node, home, alias):
                if not self._scopes and key in self._names.finals:
                    self._top[local] = local
                    new.names[0].asname = None if local == new.names[0].name else local
                yield new


def _absolute(node):
    """Return the module of the package that an import in a file outside of it names, or None."""
    if node.level or (node.module or "").split(".")[0] != "microdhcp":
        return None
    return node.module.partition(".")[2]


def _does(node):
    return not isinstance(node, ast.Pass)


def _locals(node):
    """Yield the names that a function binds itself, without its arguments."""
    for one in source.walk_scope(node):
        if isinstance(one, ast.Name) and isinstance(one.ctx, (ast.Store, ast.Del)):
            yield one.id
        elif isinstance(one, ast.ExceptHandler) and one.name:
            yield one.name
        elif isinstance(one, (*source.FUNCTION, ast.ClassDef)):
            yield one.name
