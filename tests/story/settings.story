# Every setting says where it came from.
$ lex7 --home elsewhere config show
home             elsewhere  [flag]
passphrase_file  .../passphrase  [environment LEX7_PASSPHRASE_FILE]
device           laptop  [default]
...

# A command without a home says what to do.
$ lex7 --home elsewhere status
[2]
lex7: ...elsewhere...lex7 init...
