//! Tables of what may be reached and what may not.

use policy::network::*;
use serde_json::json;

#[test]
fn urls_with_two_readings_are_refused() {
    let cases: &[(&str, &str)] = &[
        ("https://user@api.example.com/", "url-userinfo"),
        ("https://user:pw@api.example.com/", "url-userinfo"),
        ("https://api.example.com\\@evil.example/", "url-form"),
        ("https://api.example.com/a\\b", "url-form"),
        ("https://api.example.com/\r\nx: y", "url-form"),
        ("https://api.example.com/a b", "url-form"),
        ("https://api.example.com/\u{7f}", "url-form"),
        ("ftp://api.example.com/", "url-form"),
        ("//api.example.com/", "url-form"),
        ("/relative", "url-form"),
        ("https:/api.example.com", "url-form"),
        ("https:///api.example.com", "url-form"),
        ("https://%61pi.example.com/", "url-form"),
        ("https://bücher.example/", "url-form"),
        ("https://api.example.com../", "url-form"),
        ("https://api..example.com/", "url-form"),
        ("https://a!b.example.com/", "url-form"),
        ("http://2130706433/", "url-address-spelling"),
        ("http://0x7f000001/", "url-address-spelling"),
        ("http://0x7f.1/", "url-address-spelling"),
        ("http://017700000001/", "url-address-spelling"),
        ("http://127.1/", "url-address-spelling"),
        ("http://127.0.0.1./", "url-address-spelling"),
        ("http://0127.0.0.1:80/", "url-address-spelling"),
    ];
    for (url, rule) in cases {
        let denial = Target::parse(url).expect_err(url);
        assert_eq!(denial.rule, *rule, "{url}: {denial}");
        assert!(!denial.remedy.is_empty());
    }
    assert_eq!(Target::parse(&format!("https://a.example/{}", "x".repeat(20_000))).unwrap_err().rule, "url-form");
}

#[test]
fn plain_urls_are_normalised_once() {
    let target = Target::parse("HTTPS://API.Example.com.:443/a/../b?q=1#part").unwrap();
    assert_eq!(target.url().as_str(), "https://api.example.com/b?q=1");
    assert_eq!((target.origin().as_str(), target.port(), target.path()), ("https://api.example.com", 443, "/b"));
    assert_eq!(Target::parse("http://[::1]:8080/x").unwrap().origin(), "http://[::1]:8080");
    assert_eq!(Target::parse("http://127.0.0.1:8080/x").unwrap().literal(), Some("127.0.0.1".parse().unwrap()));
}

#[test]
fn origins_match_scheme_host_and_port_and_nothing_else() {
    let cases: &[(&str, &str, bool)] = &[
        ("https://api.example.com", "https://api.example.com/any/path?q", true),
        ("https://api.example.com/", "https://api.example.com:443/", true),
        ("https://api.example.com", "https://API.EXAMPLE.COM./", true),
        ("https://api.example.com", "http://api.example.com/", false),
        ("https://api.example.com", "https://api.example.com:8443/", false),
        ("https://api.example.com", "https://evil-api.example.com/", false),
        ("https://api.example.com", "https://api.example.com.evil.net/", false),
        ("https://api.example.com:8443", "https://api.example.com:8443/", true),
        ("https://*.example.com", "https://a.example.com/", true),
        ("https://*.example.com", "https://a.b.example.com/", true),
        ("https://*.example.com", "https://example.com/", false),
        ("https://*.example.com", "https://evilexample.com/", false),
        ("https://*.example.com", "https://a.example.com:444/", false),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000/", true),
        ("http://127.0.0.1:9000", "http://localhost:9000/", false),
        ("http://[::1]:9000", "http://[0:0:0:0:0:0:0:1]:9000/", true),
    ];
    for (origin, url, expected) in cases {
        let list = AllowList::parse(&[origin]).unwrap();
        assert_eq!(list.admits(&Target::parse(url).unwrap()), *expected, "{origin} {url}");
    }
    assert!(!AllowList::default().admits(&Target::parse("https://api.example.com/").unwrap()));
}

#[test]
fn origins_that_say_too_much_are_refused() {
    for text in [
        "https://*",
        "https://*.com",
        "https://a*.example.com",
        "https://*.*.example.com",
        "https://*.127.0.0.1",
        "https://api.example.com/path",
        "https://api.example.com?x",
        "https://u@api.example.com",
        "api.example.com",
        "",
    ] {
        assert!(Origin::parse(text).is_err(), "{text}");
    }
}

#[test]
fn both_lists_must_name_the_origin_and_the_denial_gives_the_line() {
    let target = Target::parse("https://api.example.com:8443/secret-path?token=1").unwrap();
    let yes = AllowList::parse(&["https://api.example.com:8443"]).unwrap();
    let no = AllowList::default();
    assert!(judge_origin(&target, &yes, &yes).is_ok());
    let manifest = judge_origin(&target, &no, &yes).unwrap_err();
    assert_eq!(manifest.rule, "origin-not-in-manifest");
    assert!(manifest.to_string().contains("origins = [\"https://api.example.com:8443\"]"), "{manifest}");
    let operator = judge_origin(&target, &yes, &no).unwrap_err();
    assert_eq!(operator.rule, "origin-not-granted");
    assert!(!operator.to_string().contains("token"), "{operator}");
}

#[test]
fn templates_take_values_that_keep_their_shape() {
    let config = json!({
        "account": "1234567_SB1", "base_url": "https://sim.example.com:8443/", "empty": "", "number": 42,
        "slash": "evil.example/", "star": "*", "at": "x@evil", "wild_url": "https://*.example.com", "list": [1],
        "path_url": "https://sim.example.com/api"
    });
    let config = config.as_object().unwrap();
    let cases: &[(&str, Result<&[&str], ()>)] = &[
        ("https://{account}.api.example.com", Ok(&["https://1234567-sb1.api.example.com"])),
        ("https://t{number}.example.com:81", Ok(&["https://t42.example.com:81"])),
        ("{base_url}", Ok(&["https://sim.example.com:8443/"])),
        ("{missing}", Ok(&[])),
        ("https://{empty}.example.com", Ok(&[])),
        ("https://*.example.com", Ok(&["https://*.example.com"])),
        ("https://{slash}.example.com", Err(())),
        ("https://{star}.example.com", Err(())),
        ("https://{at}.example.com", Err(())),
        ("{wild_url}", Err(())),
        ("{path_url}", Err(())),
        ("{list}", Err(())),
        ("https://{account.example.com", Err(())),
    ];
    for (template, expected) in cases {
        let filled = fill_origins(&[(*template).to_owned()], config);
        match expected {
            Ok(origins) => assert_eq!(
                filled.as_deref(),
                Ok(origins.iter().map(|o| (*o).to_owned()).collect::<Vec<_>>().as_slice())
            ),
            Err(()) => assert!(filled.is_err(), "{template}: {filled:?}"),
        }
    }
    assert_eq!(fill_path("/{account}/rpc/", config), Ok(Some("/1234567_SB1/rpc/".into())));
    assert_eq!(fill_path("/{missing}/rpc/", config), Ok(None));
    assert!(fill_path("/{slash}/rpc/", config).is_err());
}

#[test]
fn addresses_of_no_business_are_blocked() {
    let blocked = [
        "127.0.0.1",
        "127.255.255.254",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.127.255.255",
        "0.0.0.0",
        "0.1.2.3",
        "192.0.0.1",
        "192.0.2.1",
        "198.51.100.7",
        "203.0.113.9",
        "192.88.99.1",
        "198.18.0.1",
        "198.19.255.255",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fec0::1",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "2001:db8::1",
        "3fff::1",
        "100::1",
        "2001::1",
        "64:ff9b:1::1",
        "5f00::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "2002:c0a8:101::",
    ];
    let none = PrivateGrant::default();
    for ip in blocked {
        let denial = judge_address(ip.parse().unwrap(), &none).expect_err(ip);
        assert_eq!(denial.rule, "private-address");
        assert!(denial.remedy.contains("allow_private = ["), "{denial}");
    }
    for ip in [
        "93.184.216.34",
        "172.32.0.1",
        "100.128.0.1",
        "198.20.0.1",
        "2606:2800:220:1::1",
        "::ffff:93.184.216.34",
        "64:ff9b::5db8:d822",
        "2002:5db8:d822::1",
    ] {
        assert!(judge_address(ip.parse().unwrap(), &none).is_ok(), "{ip}");
    }
}

#[test]
fn a_grant_opens_what_it_names_and_no_more() {
    let grant = PrivateGrant::parse(&["127.0.0.1", "10.1.0.0/16", "fd00::/8", "http://erp.intern:8080"]).unwrap();
    let cases = [
        ("127.0.0.1", true),
        ("127.0.0.2", false),
        ("::ffff:127.0.0.1", true),
        ("10.1.2.3", true),
        ("10.2.0.1", false),
        ("64:ff9b::a01:203", true),
        ("fd12::1", true),
        ("fe80::1", false),
        ("169.254.169.254", false),
    ];
    for (ip, expected) in cases {
        assert_eq!(judge_address(ip.parse().unwrap(), &grant).is_ok(), expected, "{ip}");
    }
    let naming = |url: &str| grant.naming(&Target::parse(url).unwrap());
    assert_eq!(naming("http://erp.intern:8080/x"), Naming::Named);
    assert_eq!(naming("https://erp.intern:8080/x"), Naming::OtherDoor);
    assert_eq!(naming("http://erp.intern/x"), Naming::OtherDoor);
    assert_eq!(naming("http://other.intern:8080/x"), Naming::Silent);
    assert!(grant.names_host("erp.intern") && !grant.names_host("other.intern"));
    let literal = |url: &str| judge_literal(&Target::parse(url).unwrap(), &grant).map_err(|denial| denial.rule);
    assert_eq!(literal("http://127.0.0.1:1/"), Ok(()));
    assert_eq!(literal("http://127.0.0.2:1/"), Err("private-address"));
    assert_eq!(literal("http://[::1]/"), Err("private-address"));
    assert_eq!(literal("http://erp.intern:8080/"), Ok(()));
    assert_eq!(literal("http://erp.intern:8081/"), Err("private-origin"));
    assert_eq!(literal("https://api.example.com/"), Ok(()));
    for entry in ["10.0.0.0/33", "10.0.0", "http://*.intern.example", "localhost", "::/129", ""] {
        assert!(PrivateGrant::parse(&[entry]).is_err(), "{entry}");
    }
    assert!(PrivateGrant::parse(&["0.0.0.0/0"]).unwrap().holds("8.8.8.8".parse().unwrap()));
    assert!(PrivateGrant::parse(&["::/0"]).unwrap().holds("2606::1".parse().unwrap()));
}

#[test]
fn a_read_grant_lets_reads_out_only() {
    let posts = ReadingPosts::new(&["POST /services/rest/query/v1/suiteql", "/rpc/read/", "no-slash"]);
    let cases = [
        ("GET", "/anything", true),
        ("HEAD", "/anything", true),
        ("POST", "/services/rest/query/v1/suiteql", true),
        ("POST", "/services/rest/query/v1/suiteql/x", true),
        ("POST", "/services/rest/query/v1/suiteqlish", false),
        ("POST", "/services/rest/record/v1/job", false),
        ("POST", "/rpc/read/x", true),
        ("POST", "/rpc/read/..%2fwrite", false),
        ("POST", "/rpc/read//write", false),
        ("POST", "/rpc/read/%2E%2E/write", false),
        ("POST", "/rpc/read/a;b", false),
        ("POST", "/rpc/readwrite", false),
        ("PUT", "/rpc/read/x", false),
        ("DELETE", "/anything", false),
        ("PATCH", "/anything", false),
        ("OPTIONS", "/", false),
    ];
    for (method, path, expected) in cases {
        assert_eq!(judge_read(method, path, &posts).is_ok(), expected, "{method} {path}");
    }
    let denial = judge_read("POST", "/q", &ReadingPosts::default()).unwrap_err();
    assert!(denial.remedy.contains("reading_posts = [\"POST /q\"]"), "{denial}");
}
