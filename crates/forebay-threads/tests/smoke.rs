//! tmp
use forebay_threads::*;
use std::thread;
#[test]
fn all() {
    for d in Discipline::ALL { for cap in [1,2,5,64] { for (np,nc) in [(1,1),(2,2),(2,3),(4,4)] {
        let (p,c)=Builder::bounded(cap).discipline(d).build().unwrap();
        let n=5000u64;
        let t=std::time::Instant::now();
        let s: u64 = thread::scope(|s| {
            for i in 0..np { let p=p.clone(); s.spawn(move || for k in 0..n { p.put(i*n+k).unwrap() }); }
            drop(p);
            let hs: Vec<_>=(0..nc).map(|i| { let c=c.clone(); s.spawn(move || { let mut sum=0; loop { 
                if i%2==0 { match c.take() { Ok(x)=>sum+=x, Err(_)=>break } } else { match c.lease() { Ok(l)=>sum+=l.ack().unwrap(), Err(_)=>break } } } sum }) }).collect();
            hs.into_iter().map(|h|h.join().unwrap()).sum()
        });
        let tot=np*n; assert_eq!(s, tot*(tot-1)/2);
        let st=c.statistics(); assert_eq!(st.produced,tot); assert_eq!(st.finished,tot); assert_eq!(st.waiting,0);
        eprintln!("{d} cap {cap} {np}x{nc}: {:?} hw {}", t.elapsed(), st.high_water);
        c.join();
    }}}
}
#[test]
fn dead_and_expiry() {
    for d in Discipline::ALL {
    let (p,c)=Builder::bounded(5).discipline(d).max_failures(2).lease_time(std::time::Duration::from_millis(50)).build().unwrap();
    p.put(1).unwrap(); p.put(2).unwrap();
    c.lease().unwrap().fail("a").unwrap(); let l=c.lease().unwrap(); assert_eq!((*l,l.failures(),l.deliveries()),(1,1,2)); l.fail("b").unwrap();
    let l=c.lease().unwrap(); assert_eq!(*l,2); let l2=c.lease().unwrap(); assert_eq!((*l2,l2.deliveries()),(2,2)); assert!(l.ack().is_err()); l2.ack().unwrap();
    c.join(); println!("{:?}", c.statistics()); assert_eq!(c.take_dead().unwrap().item,1);
    }
}
