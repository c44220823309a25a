"""`python -m yunheng.site.cli`"""

import sys

from yunheng.site.cli import main

sys.exit(main())
