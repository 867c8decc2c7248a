"""The HTML of portal.py: the form, and the page after it.

Loaded for a request, and dropped with its reply: see web.filled().
"""

FORM = b"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{title}}</title>
<style>
:root { --ink: #1b2b22; --paper: #f6f8f5; --card: #fff; --line: #b9c6bd; --go: #1f7a4d; --bad: #a3262a; }
@media (prefers-color-scheme: dark) {
:root { --ink: #e2ebe4; --paper: #101613; --card: #18211c; --line: #40544a; --go: #2c9c65; --bad: #ff9a94; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 26rem; padding: 1.5rem 1rem; background: var(--paper); color: var(--ink);
  font: 17px/1.5 system-ui, sans-serif; }
label { display: block; margin: 1rem 0 .2rem; }
input { width: 100%; font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line);
  border-radius: .5rem; padding: .6rem; }
button { width: 100%; margin-top: 1.4rem; padding: .7rem; font: inherit; font-weight: 600; color: #fff;
  background: var(--go); border: 0; border-radius: .5rem; }
.bad { color: var(--bad); font-weight: 600; }
</style>
</head>
<body>
<h1>{{title}}</h1>
<p class="bad" role="alert">{{message}}</p>
<form method="post" action="/">
<input type="hidden" name="token" value="{{token}}">
<label for="ssid">Name of your Wi-Fi network</label>
<input id="ssid" name="ssid" list="networks" maxlength="32" required autocapitalize="none" autocorrect="off" spellcheck="false">
<datalist id="networks">
{{networks}}
</datalist>
<label for="password">Its password (leave it empty for an open network)</label>
<input id="password" name="password" type="password" maxlength="63" autocomplete="off">
<button>Connect</button>
</form>
</body>
</html>
"""

DONE = b"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{title}}</title>
<style>
body { margin: 0 auto; max-width: 26rem; padding: 1.5rem 1rem; font: 17px/1.5 system-ui, sans-serif; }
</style>
</head>
<body>
<h1>{{title}}</h1>
<p>{{text}}</p>
</body>
</html>
"""
