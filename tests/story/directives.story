# A new home has a starter that is in the one layout and has no mistakes.
$ lex7 init --time-zone Europe/Berlin
...
$ lex7 directives check
8 directives, 3 access rules, 4 levers, 0 mistakes.
$ lex7 directives fmt --check
directives.toml is formatted.
$ lex7 directives list
No directives are in force; `lex7 directives sign` puts the file in force.
$ lex7 directives sign
Signed version 1; it is in force.
$ lex7 directives list --history
version 1, signed ..., entry ..., in force
# A file can be checked, laid out and tried without a home.
$ lex7 directives test home/directives.toml
...
Without an example: ...
0 examples, 0 failed.
$ lex7 directives schema
{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
...
# The same version is not signed twice.
$ lex7 directives sign
[2]
Not signed: mend the lines above first.
directives.toml: version 1 does not follow version 1, which was signed last; write version = 2 (directive.version)
# What is no certificate is refused.
$ lex7 certificate check home/directives.toml
[1]
certificate: 0 parts, NOT proven.
not proven: this is not JSON: ...
$ lex7 certificate check nowhere.json
[2]
lex7: nowhere.json: No such file or directory
