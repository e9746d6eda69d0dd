from tests.support import bytecode

bytecode.keep()
