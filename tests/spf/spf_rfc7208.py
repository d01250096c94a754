"""spf_rfc7208 - the test suite of RFC 7208, every result and explanation"""
import os
import sys

sys.path.insert(0, os.path.join(os.environ.get('srcdir', '.'), 'tests/spf'))
sys.dont_write_bytecode = True
import spf_suite

if __name__ == '__main__':
    sys.exit(spf_suite.run_all(spf_suite.load('rfc7208-tests.yml')))
